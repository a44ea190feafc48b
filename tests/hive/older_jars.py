"""Fetches the jars of a real metastore of Hive 3.1.3, and its schema, by Maven, once."""

import fcntl
import shutil
from pathlib import Path

from tests.hive.hive_jars import cache_folder
from tests.hive.maven import extract, maven, pom_of

_SCHEMA = "hive-schema-3.1.0.postgres.sql"
_ARTIFACTS = (
    ("org.apache.hive", "hive-standalone-metastore", "3.1.3"),
    ("org.apache.hadoop", "hadoop-common", "3.3.6"),
    ("org.apache.hadoop", "hadoop-mapreduce-client-core", "3.3.6"),
    ("org.postgresql", "postgresql", "42.7.4"),
)
#: Has a few classes that the metastore begins with.
_ALONE = (("org.apache.hive", "hive-exec", "3.1.3"),)


def older_jars() -> tuple[Path, Path]:
    """The folder with the jars, and the SQL file that makes the metastore's tables."""
    folder = cache_folder().parent / "hive-metastore-3.1.3"
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "complete").is_file():
            _fetch(folder)
            (folder / "complete").touch()
    return folder / "jars", folder / _SCHEMA


def _fetch(folder: Path) -> None:
    work = folder / "fetch"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    pom = work / "pom.xml"
    pom.write_text(pom_of(*_ARTIFACTS, alone=_ALONE), encoding="utf-8")
    maven(
        pom,
        "dependency:copy-dependencies",
        "-DincludeScope=runtime",
        f"-DoutputDirectory={folder / 'jars'}",
    )
    extract(
        pom,
        "org.apache.hive:hive-standalone-metastore:3.1.3:tar.gz:bin",
        {f"postgres/{_SCHEMA}": folder / _SCHEMA},
    )
    shutil.rmtree(work)
