"""`lakewarden.toml`: parsed, checked against the list of settings, each value with its line."""

import re
import tomllib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from app.core.errors import SettingsError
from app.core.frozen import frozen
from app.settings.keys import BY_NAME, KEYS
from app.settings.secret_text import Origin

_TABLES = tuple(dict.fromkeys(key.name.rpartition(".")[0] for key in KEYS if "." in key.name))
LAKE_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
#: Tables that hold a table for each name, and what such a name is called in errors.
NAMED = {"lakes": "lake", "channels": "channel"}
LAKE_NAME_MEND = "Use letters, digits, dots, dashes and underscores, at most 64"
_TABLE = re.compile(r"\s*\[\s*(?P<name>[^\[\]]+?)\s*\]\s*(?:#.*)?$")
_ASSIGNMENT = re.compile(r"\s*(?P<name>[\w\".'-]+(?:\s*\.\s*[\w\"'-]+)*)\s*=")


@frozen(slots=False)
class Document:
    """A parsed `lakewarden.toml`, and where its keys stand."""

    file: Path | None
    tables: Mapping[str, Any]
    lines: Mapping[str, int]

    @classmethod
    def open(cls, file: Path | None) -> "Document":
        if file is None:
            return cls(None, {}, {})
        text = _content(file)
        try:
            return cls(file, tomllib.loads(text), _lines(text))
        except tomllib.TOMLDecodeError as error:
            raise _not_toml(file, text, str(error)) from None

    @property
    def folder(self) -> Path:
        return self.file.parent if self.file else Path()

    @property
    def lake_names(self) -> list[str]:
        lakes: Mapping[str, Any] = self.tables.get("lakes", {})
        return list(lakes)

    @property
    def channel_names(self) -> list[str]:
        channels: Mapping[str, Any] = self.tables.get("channels", {})
        return list(channels)

    def origin(self, name: str) -> Origin:
        line = self.lines.get(name)
        return Origin(f"{self.file}:{line}" if line else str(self.file), self.folder)

    def values(self, environ: Mapping[str, str]) -> Iterator[tuple[str, Any]]:
        """Every value written, checked; a key nobody knows is an error."""
        for name, general, written in self._leaves():
            key = BY_NAME.get(general)
            if key is None:
                raise self._unknown(name, general)
            origin = self.origin(name)
            labelled = Origin(f"{origin.said}: {name}", origin.folder)
            yield name, key.read(written, labelled, environ)

    def _leaves(self) -> Iterator[tuple[str, str, Any]]:
        tables = {table.split(".")[0] for table in _TABLES}
        for name, value in self.tables.items():
            if name not in tables:
                yield name, name, value
            elif not isinstance(value, dict):
                raise self._not_a_table(name)
            elif name in NAMED:
                yield from self._named_leaves(name, value)
            else:
                for key, written in value.items():
                    yield f"{name}.{key}", f"{name}.{key}", written

    def _named_leaves(self, kind: str, tables: Mapping[str, Any]) -> Iterator[tuple[str, str, Any]]:
        for name, table in tables.items():
            if not isinstance(table, dict):
                raise self._not_a_table(f"{kind}.{name}")
            if not LAKE_NAME.fullmatch(name):
                raise self.origin(f"{kind}.{name}").error(
                    f"{name!r} cannot name a {NAMED[kind]}", LAKE_NAME_MEND
                )
            for key, written in table.items():
                yield f"{kind}.{name}.{key}", f"{kind}.NAME.{key}", written

    def _not_a_table(self, name: str) -> SettingsError:
        table = f"{name}.NAME" if name in NAMED else name
        return self.origin(name).error(
            f"{name} must be a table", f"Write [{table}] on its own line, its keys below"
        )

    def _unknown(self, name: str, general: str) -> SettingsError:
        from difflib import get_close_matches

        prefix, _, last = general.rpartition(".")
        split = [key.name.rpartition(".") for key in KEYS]
        known = {key: key for table, _, key in split if table == prefix}
        if not prefix:
            known |= {table.split(".")[0]: f"[{table}]" for table in _TABLES}
        near = get_close_matches(last, known, n=1)
        guess = f"Did you mean {known[near[0]]}? " if near else ""
        return self.origin(name).error(
            f"{name} is not a setting", f"{guess}Known here: {', '.join(known.values())}"
        )


def _not_toml(file: Path, text: str, error: str) -> SettingsError:
    where = re.search(r" \(at (?:line (\d+), column \d+|end of document)\)$", error)
    what = error[: where.start()] if where else error
    line = (where and where[1]) or len(text.splitlines())
    return SettingsError(
        f"{file}:{line}: not valid TOML: {what[:1].lower()}{what[1:]}",
        mend="Mend that line; texts stand in quotes",
    )


def _content(file: Path) -> str:
    try:
        return file.read_text("utf-8-sig")
    except UnicodeDecodeError:
        raise SettingsError(f"{file}: not UTF-8 text", mend="Save it as UTF-8") from None
    except OSError as error:
        raise SettingsError(
            f"{file}: cannot be read: {error.strerror}",
            mend="Give the path of a readable file, or write one with `lakewarden init`",
        ) from None


def _lines(text: str) -> dict[str, int]:
    """The line of each table and key; a key that is written in another way has none."""
    found: dict[str, int] = {}
    table = ""
    for number, line in enumerate(text.splitlines(), start=1):
        if header := _TABLE.match(line):
            table = _bare(header["name"])
            found.setdefault(table, number)
            found.setdefault(table.split(".")[0], number)
        elif assignment := _ASSIGNMENT.match(line):
            name = _bare(assignment["name"])
            found.setdefault(f"{table}.{name}" if table else name, number)
    return found


def _bare(name: str) -> str:
    return re.sub(r"\s*\.\s*", ".", name).replace('"', "").replace("'", "")
