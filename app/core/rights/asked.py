"""The authorization mode of a lake from what its live parts say of themselves.

What they said stands among a snapshot's `lake_settings`, each setting under its own name
behind `hiveserver2.` or `metastore.`. HiveServer2 decides; the metastore's own
configuration is only what its own process would do.
"""

from collections.abc import Mapping

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


def has_been_asked(said: Mapping[str, str]) -> bool:
    """Whether a live part of the lake has said anything of its authorization."""
    return any(part + name in said for part in (HIVESERVER2, METASTORE) for name in _DECIDING)


_DECIDING = (ENABLED, MANAGER)


def asked_mode(said: Mapping[str, str]) -> str:
    """The mode's name. Raises ModeUnknownError where what was said proves none."""
    if HIVESERVER2 + ENABLED in said or HIVESERVER2 + MANAGER in said:
        return _mode_of(said, HIVESERVER2, "HiveServer2")
    if said.get(METASTORE + ENABLED, "").lower() != "true":
        raise ModeUnknownError(
            "Only the metastore was asked, and its own configuration does not say that "
            "authorization is on: HiveServer2 decides",
            mend=f"Put HiveServer2's address beside the source. {_MEND}",
        )
    return _mode_of(said, METASTORE, "The metastore")


def _mode_of(said: Mapping[str, str], part: str, who: str) -> str:
    enabled = said.get(part + ENABLED, "").lower()
    manager = said.get(part + MANAGER, "")
    if enabled == "false":
        return "off"
    if enabled != "true":
        raise ModeUnknownError(f"{who} does not say whether authorization is on", mend=_MEND)
    if manager not in MANAGERS:
        raise ModeUnknownError(
            f"{who} decides by {manager or 'a class it does not name'}, which Lakewarden "
            "does not know",
            mend=_MEND,
        )
    return MANAGERS[manager]


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
