"""Fetches the jars of a real Hive 4.0.1, and the schema of its metastore, by Maven, once.

The jars land in a cache folder (``LAKEWARDEN_HIVE_JARS``, or the user's cache folder) and are
used from there afterwards. Maven itself knows where to fetch from; nothing here names a host.
"""

import fcntl
import os
import shutil
from pathlib import Path

from tests.hive.maven import extract, maven, pom_of

HIVE_VERSION = "4.0.1"
HADOOP_VERSION = "3.3.6"
SCHEMA_NAME = "hive-schema-4.0.0.postgres.sql"
SYS_NAME = "hive-schema-4.0.0.hive.sql"

#: Shows the metastore's tables in Hive; 4.0.1's own is in no public repository of Maven's.
_HANDLER = "hive-jdbc-handler-4.0.0.jar"
_IN_TARBALL = {
    f"scripts/metastore/upgrade/postgres/{SCHEMA_NAME}": SCHEMA_NAME,
    f"scripts/metastore/upgrade/hive/{SYS_NAME}": SYS_NAME,
}
_HADOOP_PARTS = (
    "hadoop-common",
    "hadoop-hdfs",
    "hadoop-hdfs-client",
    "hadoop-mapreduce-client-core",
    "hadoop-mapreduce-client-common",
    "hadoop-mapreduce-client-jobclient",
)
_HIVE_ARTIFACTS = (
    ("org.apache.hive", "hive-service", HIVE_VERSION),
    ("org.apache.hive", "hive-standalone-metastore-server", HIVE_VERSION),
    ("org.apache.hive", "hive-cli", HIVE_VERSION),
)
_OTHER_ARTIFACTS = (
    *(("org.apache.hadoop", part, HADOOP_VERSION) for part in _HADOOP_PARTS),
    ("org.apache.tez", "tez-dag", "0.10.4"),
    ("org.postgresql", "postgresql", "42.7.4"),
)
# A second Hadoop client and older loggers shadow the right classes.
_UNWANTED_JARS = (
    "hadoop-client-api-*.jar",
    "log4j-1.2.*.jar",
    "slf4j-log4j12*.jar",
    "slf4j-reload4j*.jar",
)


def cache_folder() -> Path:
    """The folder which holds the jars (it need not exist yet)."""
    chosen = os.environ.get("LAKEWARDEN_HIVE_JARS")
    if chosen:
        return Path(chosen)
    base = os.environ.get("XDG_CACHE_HOME")
    home = Path(base) if base else Path.home() / ".cache"
    return home / "lakewarden" / f"hive-{HIVE_VERSION}"


def jars_ready() -> bool:
    """Whether an earlier run has fetched everything."""
    folder = cache_folder()
    made = (folder / "complete", folder / "jars" / _HANDLER, folder / SYS_NAME)
    return all(file.is_file() for file in made)


def hive_jars() -> Path:
    """The folder with all jars of Hive, fetched at the first call."""
    return _ready_cache() / "jars"


def metastore_schema() -> Path:
    """The SQL file which makes the metastore's tables in PostgreSQL."""
    return _ready_cache() / SCHEMA_NAME


def sys_schema() -> Path:
    """Hive's script that makes the databases `sys` and `information_schema`."""
    return _ready_cache() / SYS_NAME


def _ready_cache() -> Path:
    folder = cache_folder()
    if jars_ready():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / "complete").is_file():
            _fetch(folder)
            (folder / "complete").touch()
        if not jars_ready():
            _fetch_what_shows_the_metastore(folder)
    return folder


def _fetch(folder: Path) -> None:
    work = folder / "fetch"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    pom = work / "pom.xml"
    pom.write_text(pom_of(*_HIVE_ARTIFACTS, *_OTHER_ARTIFACTS), encoding="utf-8")
    jars = folder / "jars"
    shutil.rmtree(jars, ignore_errors=True)
    maven(
        pom,
        "dependency:copy-dependencies",
        "-DincludeScope=runtime",
        f"-DoutputDirectory={jars}",
    )
    for pattern in _UNWANTED_JARS:
        for jar in jars.glob(pattern):
            jar.unlink()
    _extract_schemas(pom, folder)
    shutil.rmtree(work)


def _fetch_what_shows_the_metastore(folder: Path) -> None:
    """What caches made by earlier versions of these tests lack."""
    work = folder / "fetch"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    pom = work / "pom.xml"
    pom.write_text(pom_of(*_HIVE_ARTIFACTS, *_OTHER_ARTIFACTS), encoding="utf-8")
    _extract_schemas(pom, folder)
    maven(
        pom,
        "dependency:copy",
        "-Dartifact=org.apache.hive:hive-jdbc-handler:4.0.0",
        f"-DoutputDirectory={folder / 'jars'}",
    )
    shutil.rmtree(work)


def _extract_schemas(pom: Path, folder: Path) -> None:
    artifact = f"org.apache.hive:hive-standalone-metastore-server:{HIVE_VERSION}:tar.gz:bin"
    extract(pom, artifact, {ending: folder / name for ending, name in _IN_TARBALL.items()})
