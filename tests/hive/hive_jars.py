"""Fetches the jars of a real Hive 4.0.1, and the schema of its metastore, by Maven, once.

The jars land in a cache folder (``LAKEWARDEN_HIVE_JARS``, or the user's cache folder) and are
used from there afterwards. Maven itself knows where to fetch from; nothing here names a host.
"""

import fcntl
import os
import shutil
import subprocess
import tarfile
from pathlib import Path
from xml.sax.saxutils import escape

HIVE_VERSION = "4.0.1"
HADOOP_VERSION = "3.3.6"
SCHEMA_NAME = "hive-schema-4.0.0.postgres.sql"

_SCHEMA_IN_TARBALL = f"scripts/metastore/upgrade/postgres/{SCHEMA_NAME}"
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
# They serve SAML only, and pull repositories that Maven's central one does not mirror.
_EXCLUDED = (
    ("org.pac4j", "*"),
    ("net.shibboleth.tool", "*"),
    ("org.opensaml", "*"),
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
    return (cache_folder() / "complete").is_file()


def hive_jars() -> Path:
    """The folder with all jars of Hive, fetched at the first call."""
    return _ready_cache() / "jars"


def metastore_schema() -> Path:
    """The SQL file which makes the metastore's tables in PostgreSQL."""
    return _ready_cache() / SCHEMA_NAME


def _ready_cache() -> Path:
    folder = cache_folder()
    if jars_ready():
        return folder
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not jars_ready():
            _fetch(folder)
            (folder / "complete").touch()
    return folder


def _fetch(folder: Path) -> None:
    work = folder / "fetch"
    shutil.rmtree(work, ignore_errors=True)
    work.mkdir()
    pom = work / "pom.xml"
    pom.write_text(_pom(), encoding="utf-8")
    jars = folder / "jars"
    shutil.rmtree(jars, ignore_errors=True)
    _maven(
        pom,
        "dependency:copy-dependencies",
        "-DincludeScope=runtime",
        f"-DoutputDirectory={jars}",
    )
    for pattern in _UNWANTED_JARS:
        for jar in jars.glob(pattern):
            jar.unlink()
    _maven(
        pom,
        "dependency:copy",
        f"-Dartifact=org.apache.hive:hive-standalone-metastore-server:{HIVE_VERSION}:tar.gz:bin",
        f"-DoutputDirectory={work}",
    )
    _extract_schema(work, folder / SCHEMA_NAME)
    shutil.rmtree(work)


def _extract_schema(work: Path, target: Path) -> None:
    (archive,) = work.glob("*.tar.gz")
    with tarfile.open(archive) as tar:
        for member in tar:
            if member.name.endswith(_SCHEMA_IN_TARBALL):
                source = tar.extractfile(member)
                assert source is not None
                target.write_bytes(source.read())
                return
    raise RuntimeError(f"no {_SCHEMA_IN_TARBALL} in {archive.name}")


def _maven(pom: Path, *arguments: str) -> None:
    maven = shutil.which("mvn")
    if maven is None:
        raise RuntimeError("Maven (mvn) is needed to fetch Hive and is not installed")
    done = subprocess.run(
        [maven, "--batch-mode", "--quiet", "--file", str(pom), *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"Maven failed:\n{done.stdout[-4000:]}\n{done.stderr[-2000:]}")


def _pom() -> str:
    dependencies = "\n".join(
        [_dependency(artifact, _EXCLUDED) for artifact in _HIVE_ARTIFACTS]
        + [_dependency(artifact, _EXCLUDED) for artifact in _OTHER_ARTIFACTS]
    )
    return (
        '<project xmlns="http://maven.apache.org/POM/4.0.0">\n'
        "<modelVersion>4.0.0</modelVersion>\n"
        "<groupId>lakewarden</groupId>\n"
        "<artifactId>hive-for-tests</artifactId>\n"
        "<version>1</version>\n"
        "<packaging>pom</packaging>\n"
        f"<dependencies>\n{dependencies}\n</dependencies>\n"
        "</project>\n"
    )


def _dependency(artifact: tuple[str, str, str], excluded: tuple[tuple[str, str], ...]) -> str:
    group, name, version = (escape(part) for part in artifact)
    exclusions = "".join(
        f"<exclusion><groupId>{g}</groupId><artifactId>{a}</artifactId></exclusion>"
        for g, a in excluded
    )
    return (
        f"<dependency><groupId>{group}</groupId><artifactId>{name}</artifactId>"
        f"<version>{version}</version><exclusions>{exclusions}</exclusions></dependency>"
    )
