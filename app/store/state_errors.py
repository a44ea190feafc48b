"""What the database driver says, turned into what the user can do about it."""

import re
from collections.abc import Iterator
from contextlib import contextmanager

from sqlalchemy import exc

from app.core.errors import ConflictError, LakewardenError, StateError

UPGRADE = "Run: lakewarden db upgrade"

_RIGHTS = "Check that the folder and the file may be read and written by this user"
_AGAIN = "Try again"
_SQLITE: tuple[tuple[str, str, str], ...] = (
    (
        "SQLITE_BUSY|SQLITE_LOCKED",
        "is locked by another process",
        "Wait for that process or end it; PostgreSQL serves several writers better",
    ),
    ("SQLITE_CANTOPEN|SQLITE_PERM|SQLITE_AUTH", "cannot be opened", _RIGHTS),
    ("SQLITE_READONLY", "cannot be written", _RIGHTS),
    ("SQLITE_NOTADB", "is not a SQLite database", "Name another file, or move this one away"),
    ("SQLITE_CORRUPT", "is damaged", "Put a backup in its place"),
    ("SQLITE_FULL", "cannot grow: the disk is full", "Make room on the disk"),
    ("SQLITE_IOERR", "cannot be read or written: the disk fails", "Check the disk"),
)
_POSTGRESQL: tuple[tuple[str, str, str], ...] = (
    ("42P01|42703", "lacks tables or columns this version needs", UPGRADE),
    ("42501|25006", "refuses this user's statement", "Grant the user its rights on the schema"),
    ("28", "refuses this user", "Check the user and the password"),
    ("3D000", "does not exist", "Create it with: createdb"),
    ("55P03|57014", "is locked by another process", _AGAIN),
    ("53", "has no more room or connections", "Give the server more of what it names"),
)


@contextmanager
def state_errors(label: str) -> Iterator[None]:
    """Turn driver errors into StateError or ConflictError; `label` shows no password."""
    try:
        yield
    except exc.TimeoutError:
        raise StateError(
            f"the state database {label} has no free connection", mend=_AGAIN
        ) from None
    except exc.DBAPIError as error:
        translated = translate(error, label)
        if translated is None:
            raise
        raise translated from error


def translate(error: exc.DBAPIError, label: str) -> LakewardenError | None:
    """The user's error for a driver's error; None when it is a fault of the program."""
    code = getattr(error.orig, "sqlite_errorname", None)
    if code is not None:
        return _from_sqlite(str(code), str(error.orig), label)
    return _from_postgresql(error, label)


def _from_sqlite(code: str, said: str, label: str) -> LakewardenError | None:
    if code in ("SQLITE_CONSTRAINT_UNIQUE", "SQLITE_CONSTRAINT_PRIMARYKEY"):
        return _written_meanwhile()
    if code == "SQLITE_ERROR" and said.startswith("no such"):
        return StateError(f"the state database {label} lacks something ({said})", mend=UPGRADE)
    for pattern, what, mend in _SQLITE:
        if re.match(pattern, code):
            return StateError(f"the state database {label} {what}", mend=mend)
    return None


def _from_postgresql(error: exc.DBAPIError, label: str) -> LakewardenError | None:
    code = getattr(error.orig, "sqlstate", None)
    if code in ("23505", "40001", "40P01"):
        return _written_meanwhile()
    said = (str(error.orig).splitlines() or [""])[0]
    if code is not None:
        for pattern, what, mend in _POSTGRESQL:
            if re.match(pattern, code):
                return StateError(f"the state database {label} {what} ({said})", mend=mend)
        return None
    return StateError(
        f"the state database {label} cannot be reached: {said}",
        mend="Check the address, the user and the password, and that the server runs",
    )


def _written_meanwhile() -> ConflictError:
    return ConflictError("another process wrote the same at the same time", mend=_AGAIN)
