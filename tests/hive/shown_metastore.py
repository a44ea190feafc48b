"""What makes a Hive show its metastore: Hive's own `sys`, or the table of docs/hive-mirror.sql."""

import re
from collections.abc import Iterator
from pathlib import Path

from app.sources.sys_tables import COLUMNS, hive_name
from tests.hive.hive_jars import sys_schema

MIRROR = Path(__file__).parents[2] / "docs" / "hive-mirror.sql"

_COMMENT = re.compile(r"^\s*--.*$", re.MULTILINE)
_TABLE = re.compile(r"CREATE EXTERNAL TABLE IF NOT EXISTS `(\w+)`")


def sys_statements() -> Iterator[str]:
    """Of Hive's script what a crawl can use: the whole of it takes Hive three times as long."""
    wanted = {hive_name(table) for table in COLUMNS}
    for statement in _statements(sys_schema()):
        if "DATABASE IF NOT EXISTS INFORMATION_SCHEMA" in statement:
            return
        found = _TABLE.match(statement)
        if found and found[1].lower() not in wanted:
            continue
        if found or statement in ("CREATE DATABASE IF NOT EXISTS SYS", "USE SYS"):
            yield statement


def mirror_statements() -> Iterator[str]:
    """What an administrator runs of the documents."""
    return _statements(MIRROR)


def _statements(file: Path) -> Iterator[str]:
    text = _COMMENT.sub("", file.read_text("utf-8"))
    return filter(None, (part.strip() for part in text.split(";\n")))
