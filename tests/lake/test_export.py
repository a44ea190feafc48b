"""Snapshots out of the house and in again: signed, limited, refused when touched."""

import io
import json
import tarfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from app.core.classes import Classification, ClassRule, NamePattern
from app.core.errors import SnapshotError
from app.core.snapshots import LAYOUT
from app.lake.export import export_snapshot, import_snapshot
from app.lake.export_limits import ExportLimits
from app.lake.signing import generate_keys
from app.lake.snapshot import StoredSnapshot
from app.lake.snapshot_writer import Taken, write_snapshot
from tests.lake.facts_by_hand import facts, tiny_lake

TIME = "2026-01-01T00:00:00+00:00"


@pytest.fixture
def keys(tmp_path: Path) -> tuple[Path, Path]:
    """A private and a public key."""
    generate_keys(tmp_path / "private.pem", tmp_path / "public.pem")
    return tmp_path / "private.pem", tmp_path / "public.pem"


@pytest.fixture
def snapshot(tmp_path: Path) -> StoredSnapshot:
    """The tiny lake, with locations and properties."""
    lake = [
        *tiny_lake(),
        facts(
            "tables",
            {
                "table_id": 1,
                "database_id": 7,
                "name": "x",
                "location": "s3://b/x",
                "create_time": 9,
            },
        ),
        facts(
            "table_properties",
            *(
                {"table_id": 1, "key": key, "value": "v"}
                for key in ("PARTITION_LEVEL_PRIVILEGE", "Tags", "owner.team", "other")
            ),
        ),
    ]
    return write_snapshot(lake, tmp_path / "lake", Taken("hand", "csv", TIME, TIME))


def test_out_and_in_again_is_the_same(
    snapshot: StoredSnapshot, keys: tuple[Path, Path], tmp_path: Path
) -> None:
    file = tmp_path / "export.tar"
    named = export_snapshot(snapshot, file, keys[0])
    assert len(named) == 16
    found = import_snapshot(file, tmp_path / "elsewhere", [keys[1]])
    assert found.content_hash == snapshot.content_hash
    assert not found.is_limited
    assert found.taken == snapshot.taken
    for name in LAYOUT:
        assert found.parquet(name).read_bytes() == snapshot.parquet(name).read_bytes()
        assert found.mapped(name).equals(snapshot.mapped(name))
    assert list(found.offsets("table_grants")) == list(snapshot.offsets("table_grants"))
    again = import_snapshot(file, tmp_path / "elsewhere", [keys[1]])
    assert again.path == found.path
    assert sorted(path.name for path in (tmp_path / "elsewhere").iterdir()) == [found.path.name]


def test_the_same_snapshot_gives_the_same_file(
    snapshot: StoredSnapshot, keys: tuple[Path, Path], tmp_path: Path
) -> None:
    files = [tmp_path / "one.tar", tmp_path / "other.tar"]
    for file in files:
        export_snapshot(snapshot, file, keys[0])
    assert files[0].read_bytes() == files[1].read_bytes()


def limits(*rules: ClassRule) -> ExportLimits:
    """What some class rules need."""
    return ExportLimits.for_classes(Classification(classes=(), rules=rules))


def rule(**more: Any) -> ClassRule:
    return ClassRule("r", "c", "classes.yaml", 1, **more)


def test_a_limited_export_keeps_what_rights_and_classes_need(
    snapshot: StoredSnapshot, keys: tuple[Path, Path], tmp_path: Path
) -> None:
    file = tmp_path / "export.tar"
    everything = NamePattern("*", ".*")
    by_team = rule(properties=((NamePattern("owner.*", r"owner\..*"), everything),))
    export_snapshot(snapshot, file, keys[0], limits(by_team))
    found = import_snapshot(file, tmp_path / "elsewhere", [keys[1]])
    assert found.is_limited
    assert found.manifest["limited"] == {"of": snapshot.content_hash}
    assert found.content_hash != snapshot.content_hash
    assert found.mapped("tables")["location"].null_count == 4
    assert found.mapped("grants")["source_row"].null_count == found.rows("grants")
    assert found.mapped("table_properties")["key"].to_pylist() == [
        "PARTITION_LEVEL_PRIVILEGE",
        "Tags",
        "owner.team",
    ]
    for name in ("rules", "grantors", "columns", "users", "group_members", "gaps"):
        assert found.mapped(name).equals(snapshot.mapped(name)), name
    kept = ["level", "object", "rule", "grantor", "repeated"]
    assert found.mapped("grants").select(kept).equals(snapshot.mapped("grants").select(kept))
    assert b"s3://b/x" not in file.read_bytes()


def test_locations_are_kept_when_a_rule_looks_at_them(
    snapshot: StoredSnapshot, keys: tuple[Path, Path], tmp_path: Path
) -> None:
    file = tmp_path / "export.tar"
    export_snapshot(snapshot, file, keys[0], limits(rule(locations=(NamePattern("*", ".*"),))))
    found = import_snapshot(file, tmp_path / "elsewhere", [keys[1]])
    assert "s3://b/x" in found.mapped("tables")["location"].to_pylist()
    assert found.mapped("table_properties")["key"].to_pylist() == [
        "PARTITION_LEVEL_PRIVILEGE",
        "Tags",
    ]


Member = tuple[tarfile.TarInfo, bytes]


def members(file: Path) -> list[Member]:
    """The members of an export with their contents."""
    with tarfile.open(file) as tar:
        found = [(member, tar.extractfile(member)) for member in tar.getmembers()]
        return [(member, content.read() if content else b"") for member, content in found]


def repacked(file: Path, parts: list[Member]) -> None:
    """Write members back."""
    with tarfile.open(file, "w") as tar:
        for member, content in parts:
            member.size = len(content) if member.isreg() else 0
            tar.addfile(member, io.BytesIO(content))


def change(name: str, content: Callable[[bytes], bytes]) -> Callable[[list[Member]], list[Member]]:
    return lambda parts: [(m, content(c) if m.name == name else c) for m, c in parts]


def renamed(name: str, new: str) -> Callable[[list[Member]], list[Member]]:
    def rename(parts: list[Member]) -> list[Member]:
        for member, _ in parts:
            member.name = new if member.name == name else member.name
        return parts

    return rename


def linked(parts: list[Member]) -> list[Member]:
    for member, _ in parts:
        if member.name == "manifest.json":
            member.type, member.linkname = tarfile.SYMTYPE, "/etc/passwd"
    return parts


def resigned_for_other_bytes(parts: list[Member]) -> list[Member]:
    export = next(json.loads(content) for member, content in parts if member.name == "export.json")
    export["files"]["grants.parquet"]["sha256"] = "0" * 64
    return change("export.json", lambda _: json.dumps(export).encode())(parts)


TOUCHED = [
    (change("grants.parquet", lambda c: c[:-1] + b"\0"), r"grants\.parquet .* not what was signed"),
    (change("grants.parquet", lambda c: c + b"x"), r"grants\.parquet .* not what was signed"),
    (change("taken.json", lambda c: c.replace(b"2026", b"2027")), "not what was signed"),
    (change("export.json", lambda c: c + b" "), "The signature is wrong"),
    (resigned_for_other_bytes, "The signature is wrong"),
    (change("signature.json", lambda c: b"{}"), "signature cannot be read"),
    (change("signature.json", lambda c: b"{" * 99), "no export, or cut short"),
    (renamed("manifest.json", "../manifest.json"), r"holds '\.\./manifest\.json' where manifest"),
    (renamed("manifest.json", "/tmp/manifest.json"), "where manifest"),
    (linked, r"holds 'manifest\.json' where manifest"),
    (lambda parts: parts[:-1], "holds nothing where"),
    (lambda parts: parts[1:], "where export"),
    (lambda parts: [], "holds nothing where export"),
]


@pytest.mark.parametrize(("touch", "message"), TOUCHED)
def test_an_export_that_was_touched_is_refused(
    touch: Callable[[list[Member]], list[Member]],
    message: str,
    snapshot: StoredSnapshot,
    keys: tuple[Path, Path],
    tmp_path: Path,
) -> None:
    file = tmp_path / "export.tar"
    export_snapshot(snapshot, file, keys[0])
    repacked(file, touch(members(file)))
    with pytest.raises(SnapshotError, match=message):
        import_snapshot(file, tmp_path / "elsewhere", [keys[1]])
    assert list((tmp_path / "elsewhere").glob("*")) == []


@pytest.mark.parametrize("content", [b"", b"nonsense" * 200])
def test_a_file_that_is_no_export(content: bytes, keys: tuple[Path, Path], tmp_path: Path) -> None:
    file = tmp_path / "export.tar"
    file.write_bytes(content)
    with pytest.raises(SnapshotError, match="no export"):
        import_snapshot(file, tmp_path / "elsewhere", [keys[1]])
    with pytest.raises(SnapshotError, match="cannot be read"):
        import_snapshot(tmp_path / "nowhere", tmp_path / "elsewhere", [keys[1]])


def test_a_file_cut_short(
    snapshot: StoredSnapshot, keys: tuple[Path, Path], tmp_path: Path
) -> None:
    file = tmp_path / "export.tar"
    export_snapshot(snapshot, file, keys[0])
    whole = file.read_bytes()
    for length in (100, 600, 5000, len(whole) - 12_000):
        file.write_bytes(whole[:length])
        with pytest.raises(SnapshotError):
            import_snapshot(file, tmp_path / "elsewhere", [keys[1]])


def test_only_known_keys_count(
    snapshot: StoredSnapshot, keys: tuple[Path, Path], tmp_path: Path
) -> None:
    file = tmp_path / "export.tar"
    named = export_snapshot(snapshot, file, keys[0])
    other = generate_keys(tmp_path / "p2.pem", tmp_path / "q2.pem")
    with pytest.raises(SnapshotError, match=f"signed by the key {named}, known are {other}"):
        import_snapshot(file, tmp_path / "elsewhere", [tmp_path / "q2.pem"])
    with pytest.raises(SnapshotError, match="known are none"):
        import_snapshot(file, tmp_path / "elsewhere", [])
    import_snapshot(file, tmp_path / "elsewhere", [tmp_path / "q2.pem", keys[1]])


def test_a_damaged_snapshot_is_not_exported(
    snapshot: StoredSnapshot, keys: tuple[Path, Path], tmp_path: Path
) -> None:
    snapshot.parquet("rules").write_bytes(b"damaged")
    with pytest.raises(SnapshotError, match="damaged"):
        export_snapshot(snapshot, tmp_path / "export.tar", keys[0])
    assert not (tmp_path / "export.tar").exists()


def test_keys_are_careful(keys: tuple[Path, Path], tmp_path: Path) -> None:
    assert keys[0].stat().st_mode & 0o777 == 0o600
    with pytest.raises(SnapshotError, match="cannot be written: File exists"):
        generate_keys(keys[0], tmp_path / "new.pem")
    (tmp_path / "junk.pem").write_bytes(b"junk")
    for wrong in (keys[1], tmp_path / "junk.pem"):
        with pytest.raises(SnapshotError, match="holds no private Ed25519 key"):
            export_snapshot(
                write_snapshot([], tmp_path / "l", Taken.now("x")), tmp_path / "e", wrong
            )
