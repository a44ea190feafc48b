"""Every error a user can meet. The message names the place and the mend.

`code` is the stable word of the error: the last part of the problem document's
`type` in the API and the name printed by the CLI. All of them end the CLI with
exit code 2: Lakewarden could not judge.
"""


class LakewardenError(Exception):
    """Something the user can mend; shown as a message, never as a traceback."""

    code = "error"
    status = 400

    def __init__(self, message: str, *, mend: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.mend = mend

    def __str__(self) -> str:
        return f"{self.message}. {self.mend}" if self.mend else self.message


class SettingsError(LakewardenError):
    """`lakewarden.toml`, the environment or an option says something unusable."""

    code = "bad-settings"


class SourceError(LakewardenError):
    """A lake's source could not be read at all: no snapshot came of it."""

    code = "source-unreadable"
    status = 502


class DirectoryError(LakewardenError):
    """The directory of people and groups could not be read."""

    code = "directory-unreadable"
    status = 502


class PolicyError(LakewardenError):
    """A file in `policies/` is missing, broken or means nothing."""

    code = "bad-policy"
    status = 422


class ModeUnknownError(LakewardenError):
    """Nobody said, and nothing proves, which authorization mode the lake uses."""

    code = "mode-unknown"
    status = 422


class SnapshotError(LakewardenError):
    """A snapshot is missing, damaged, not signed by a known key, or too new to read."""

    code = "bad-snapshot"
    status = 409


class BadNameError(LakewardenError):
    """A name given by the user cannot be read as an object, right or principal."""

    code = "bad-name"
    status = 422


class CheckInputError(LakewardenError):
    """What a check was given to read (statements, a baseline, a git change) is unusable."""

    code = "bad-check-input"
    status = 422


class NotFoundError(LakewardenError):
    """The lake, run, snapshot, exposure or object asked for is not there."""

    code = "not-found"
    status = 404


class StateError(LakewardenError):
    """The state database cannot be used as it is."""

    code = "state-unusable"
    status = 503


class ConflictError(LakewardenError):
    """Another process holds the lake, or the thing changed meanwhile."""

    code = "conflict"
    status = 409


class StaleEditError(LakewardenError):
    """Somebody changed the thing since the version that the edit was made from."""

    code = "precondition-failed"
    status = 412
