"""Authorization modes: one file each, and the registry of their names."""

from app.core.errors import ModeUnknownError
from app.core.rights.legacy import Legacy
from app.core.rights.mode import AuthorizationMode
from app.core.rights.off import Off
from app.core.rights.sql_standard import SqlStandard

MODES: dict[str, AuthorizationMode] = {mode.name: mode for mode in (SqlStandard(), Legacy(), Off())}

#: Modes that a lake may be said to have and that cannot be judged yet.
UNJUDGED = {
    "ranger": "Ranger decides: rows in the metastore are a mirror of its policies, or dead",
}


def mode_named(name: str | None) -> AuthorizationMode:
    """The mode of that name. Raises ModeUnknownError where it cannot be judged."""
    if name in UNJUDGED:
        raise ModeUnknownError(
            UNJUDGED[name], mend="Lakewarden does not read Ranger yet: the answer is unknown"
        )
    if name in (None, "", "auto"):
        raise ModeUnknownError(
            "Nobody said which authorization mode the lake has, and its source cannot tell",
            mend=f"Give --mode, or `mode` in lakewarden.toml: {', '.join(MODES)} or ranger",
        )
    if name not in MODES:
        raise ModeUnknownError(
            f"{name!r} is no authorization mode", mend=f"Modes: {', '.join(MODES)}, ranger, auto"
        )
    return MODES[str(name)]
