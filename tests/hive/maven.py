"""Fetches artifacts by Maven; it knows itself where from, and nothing here names a host."""

import shutil
import subprocess
import tarfile
from collections.abc import Mapping
from pathlib import Path
from xml.sax.saxutils import escape

Artifact = tuple[str, str, str]
"""Group, name and version."""

# They serve SAML only, and pull repositories that Maven's central one does not mirror.
_EXCLUDED = (
    ("org.pac4j", "*"),
    ("net.shibboleth.tool", "*"),
    ("org.opensaml", "*"),
)


def maven(pom: Path, *arguments: str) -> None:
    """Run Maven on a project."""
    command = shutil.which("mvn")
    if command is None:
        raise RuntimeError("Maven (mvn) is needed to fetch Hive and is not installed")
    done = subprocess.run(
        [command, "--batch-mode", "--quiet", "--file", str(pom), *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    if done.returncode != 0:
        raise RuntimeError(f"Maven failed:\n{done.stdout[-4000:]}\n{done.stderr[-2000:]}")


def pom_of(*artifacts: Artifact, alone: tuple[Artifact, ...] = ()) -> str:
    """A project that depends on these. alone: on these without what they depend on."""
    found = [_dependency(artifact, _EXCLUDED) for artifact in artifacts]
    found += [_dependency(artifact, (("*", "*"),)) for artifact in alone]
    dependencies = "\n".join(found)
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


def extract(pom: Path, archive: str, files: Mapping[str, Path]) -> None:
    """Take files out of an artifact that is a tar, each by how its path ends."""
    folder = pom.parent / "archive"
    maven(pom, "dependency:copy", f"-Dartifact={archive}", f"-DoutputDirectory={folder}")
    (found,) = folder.glob("*.tar.gz")
    left = dict(files)
    with tarfile.open(found) as tar:
        for member in tar:
            ending = next((each for each in left if member.name.endswith(each)), None)
            if ending is not None:
                source = tar.extractfile(member)
                assert source is not None
                left.pop(ending).write_bytes(source.read())
    if left:
        raise RuntimeError(f"no {', '.join(left)} in {found.name}")


def _dependency(artifact: Artifact, excluded: tuple[tuple[str, str], ...]) -> str:
    group, name, version = (escape(part) for part in artifact)
    exclusions = "".join(
        f"<exclusion><groupId>{g}</groupId><artifactId>{a}</artifactId></exclusion>"
        for g, a in excluded
    )
    return (
        f"<dependency><groupId>{group}</groupId><artifactId>{name}</artifactId>"
        f"<version>{version}</version><exclusions>{exclusions}</exclusions></dependency>"
    )
