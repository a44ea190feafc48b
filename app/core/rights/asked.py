"""The authorization mode of a lake from what its live parts say of themselves.

What they said stands among a snapshot's `lake_settings`, each setting under its own name
behind `hiveserver2.` or `metastore.`. HiveServer2 decides; the metastore's own
configuration is only what its own process would do.
"""

from collections.abc import Mapping
from typing import Any, Protocol, runtime_checkable

from app.core.errors import ModeUnknownError

HIVESERVER2 = "hiveserver2."
METASTORE = "metastore."

ENABLED = "hive.security.authorization.enabled"
MANAGER = "hive.security.authorization.manager"
AUTHENTICATION = "hive.server2.authentication"
SERVICE_USERS = "hive.server2.service.users"
SASL = "hive.metastore.sasl.enabled"
LISTENERS = "hive.metastore.pre.event.listeners"
#: "true" where the metastore answered somebody who had proved no name.
METASTORE_NAMELESS = "metastore.answers_without_a_name"

HIVESERVER2_SETTINGS = (
    ENABLED,
    MANAGER,
    "hive.security.authenticator.manager",
    AUTHENTICATION,
    SERVICE_USERS,
    "hive.server2.enable.doAs",
    "hive.metastore.uris",
    SASL,
)
METASTORE_SETTINGS = (ENABLED, MANAGER, SASL, LISTENERS, "hive.metastore.authentication")

_PLUGIN = "org.apache.hadoop.hive.ql.security.authorization"
#: Source: Hive's own classes, and Ranger's plugin for Hive.
MANAGERS = {
    f"{_PLUGIN}.plugin.sqlstd.SQLStdHiveAuthorizerFactory": "sql-standard",
    f"{_PLUGIN}.DefaultHiveAuthorizationProvider": "legacy",
    "org.apache.ranger.authorization.hive.authorizer.RangerHiveAuthorizerFactory": "ranger",
}

_MEND = "Give --mode, or `mode` in lakewarden.toml, when you know how the lake decides"


_DECIDING = (ENABLED, MANAGER)


@runtime_checkable
class Asked(Protocol):
    """A source that a live part of the lake stands behind, which can be asked."""

    def ask(self) -> dict[str, str]:
        """What it says of its settings, by the names they have in `lake_settings`.

        Raises SourceError when it cannot be reached.
        """
        ...


def asked_mode(said: Mapping[str, str]) -> str:
    """The mode's name. Raises ModeUnknownError where what was said proves none."""
    if not _server_was_asked(said):
        raise ModeUnknownError(
            "HiveServer2 decides which authorization mode the lake has, and it was not asked",
            mend="Put its address after the source's, with a blank between: "
            f"'thrift://host:9083 hive://user@host:10000'. {_MEND}",
        )
    enabled = said.get(HIVESERVER2 + ENABLED, "").lower()
    manager = said.get(HIVESERVER2 + MANAGER, "")
    if enabled == "false":
        return "off"
    if enabled != "true":
        raise ModeUnknownError("HiveServer2 does not say whether authorization is on", mend=_MEND)
    if manager not in MANAGERS:
        raise ModeUnknownError(
            f"HiveServer2 decides by {manager or 'a class it does not name'}, which Lakewarden "
            "does not know",
            mend=_MEND,
        )
    return MANAGERS[manager]


def anybody_was_asked(said: Mapping[str, str]) -> bool:
    """Whether a live part of the lake said anything of its settings."""
    return any(key.startswith((HIVESERVER2, METASTORE)) for key in said)


def _server_was_asked(said: Mapping[str, str]) -> bool:
    return any(HIVESERVER2 + name in said for name in _DECIDING)


def difference(said: Mapping[str, str]) -> str:
    """How HiveServer2's and the metastore's answers differ; empty where they do not."""
    found = [
        f"{name} is {there} in HiveServer2 and {here} in the metastore"
        for name in _DECIDING
        if (there := said.get(HIVESERVER2 + name))
        and (here := said.get(METASTORE + name))
        and there != here
    ]
    return "; ".join(found)


def mode_gaps(said: Mapping[str, str], mode: str) -> list[dict[str, Any]]:
    """What is in doubt of the mode by which a lake is judged; rows as in `gaps`."""
    if not _server_was_asked(said):
        return []
    try:
        decides = asked_mode(said)
    except ModeUnknownError as unknown:
        decides = unknown.message
    if decides == mode:
        return []
    return [
        {
            "scope": "lake",
            "object": "",
            "reason": f"the lake was judged as {mode}, and HiveServer2 says: {decides}",
            "doubt": "Every answer: another mode gives the same grants another meaning",
        }
    ]
