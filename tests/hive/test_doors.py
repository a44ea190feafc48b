"""One real Hive through its three doors: the same facts but for the stated gaps, the same audit.

What a door cannot see stands in docs/sources.md; `_UNSEEN` and `_HIDDEN_LEVELS` say it again.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from app import wiring
from app.core.exposures import SETTING_KINDS
from app.settings import LakeSettings, Settings, load_settings
from tests.hive.doors_lake import steps
from tests.hive.hive_server import HiveServer, metastore_server
from tests.hive.record import build
from tests.sources.crawling import Crawled, crawl

pytestmark = pytest.mark.hive

Row = dict[str, Any]

#: Fields that only the metastore's database has.
OF_THE_DATABASE = {
    "roles": {"create_time"},
    "role_members": {"source_row"},
    "grants": {"source_row"},
}
#: Fields that HiveServer2 shows of nothing.
_UNSEEN = {
    "roles": {"create_time"},
    "role_members": {"source_row"},
    "grants": {"source_row", "authorizer", "grantor_type"},
    "catalogs": {"location"},
}
#: Levels of grants that HiveServer2 shows in no statement, by mode.
_HIDDEN_LEVELS = {
    "sql-standard": {"global", "column", "partition", "partition_column"},
    "legacy": set(),
}
KINDS = (
    *("catalogs", "databases", "database_properties", "tables", "columns"),
    *("table_properties", "partitions", "view_sources", "roles", "role_members", "grants"),
)


@contextmanager
def _doors(server: HiveServer) -> Iterator[dict[str, str]]:
    """The lake of `doors_lake` in a server, and its addresses by door."""
    assert build(server, steps(server.mode)) == []
    with metastore_server(server.postgres, server.mode, server.database) as metastore:
        yield {
            "database": "metastore+" + server.metastore_url,
            "thrift": metastore.url,
            "hive": server.url + "&details=all",
        }


def test_sql_standard_doors_agree(sql_standard_hive: HiveServer, tmp_path: Path) -> None:
    _doors_agree(sql_standard_hive, tmp_path)


def test_legacy_doors_agree(legacy_hive: HiveServer, tmp_path: Path) -> None:
    _doors_agree(legacy_hive, tmp_path)


def _doors_agree(server: HiveServer, folder: Path) -> None:
    with _doors(server) as urls:
        found = {door: crawl(url) for door, url in urls.items()}
        audits = {door: audit(server, url, folder / door).exposures for door, url in urls.items()}
    hidden = _HIDDEN_LEVELS[server.mode]
    for kind in KINDS:
        expected = named(found["database"], kind)
        assert without(named(found["thrift"], kind), OF_THE_DATABASE, kind) == without(
            expected, OF_THE_DATABASE, kind
        )
        if kind == "grants":
            expected = [row for row in expected if row["level"] not in hidden]
            assert len(expected) > 10
        if kind == "grants":  # Hive compares privileges in any case, and shows them in capitals
            found["hive"] = _in_capitals(found["hive"])
            expected = [{**row, "privilege": row["privilege"].upper()} for row in expected]
        if kind == "view_sources":  # HiveServer2 shows the text that made a view, and no more
            continue
        assert without(named(found["hive"], kind), _UNSEEN, kind) == without(
            expected, _UNSEEN, kind
        )
    assert found["database"].gaps() == found["thrift"].gaps() == []
    assert all(gap.startswith("evidence :") for gap in found["hive"].gaps())
    opened = {
        door: [repr(row) for row in rows if row["kind"] not in SETTING_KINDS]
        for door, rows in audits.items()
    }
    assert len(opened["database"]) > 3
    assert opened["thrift"] == opened["database"]
    assert opened["hive"] == opened["database"]
    settings = {
        door: [row["kind"] for row in rows if row["kind"] in SETTING_KINDS]
        for door, rows in audits.items()
    }
    assert settings == {"database": [], "thrift": ["open-metastore"], "hive": ["believes-any-name"]}


def _in_capitals(found: Crawled) -> Crawled:
    for row in found.rows("grants"):
        row["privilege"] = row["privilege"].upper()
    return found


def named(found: Crawled, kind: str) -> list[Row]:
    """Rows of a kind with names in place of a crawl's own numbers."""
    databases = {row["database_id"]: row["name"] for row in found.rows("databases")}
    tables = {
        row["table_id"]: (databases[row["database_id"]], row["name"])
        for row in found.rows("tables")
    }
    rows = []
    for row in found.rows(kind):
        named = dict(row)
        if kind == "grants":
            of = databases if row["level"] == "database" else tables
            named["object_id"] = of.get(row["object_id"])
        for field, names in (
            ("database_id", databases),
            ("table_id", tables),
            ("source_table_id", tables),
        ):
            if field in named:
                named[field] = names[named[field]]
        rows.append(named)
    return rows


def without(rows: list[Row], left_out: dict[str, set[str]], kind: str) -> list[str]:
    """Rows of a kind without some of its fields, in an order of their own."""
    fields = left_out.get(kind, set())
    return sorted(
        repr({key: value for key, value in row.items() if key not in fields}) for row in rows
    )


@dataclass(frozen=True)
class Audited:
    """The exposures of an audit through one door, without where its evidence stood; its gaps."""

    exposures: list[Row]
    gaps: list[Row]


def audit(server: HiveServer, url: str, folder: Path) -> Audited:
    """Audit a server's lake through one door."""
    settings, lake = _lake(server.mode, url, folder)
    done = wiring.run_audit(settings, lake)
    rows = pq.read_table(done.folder / "exposures.parquet").to_pylist()
    for row in rows:
        row["grants"] = sorted(
            repr({**grant, "source": "", "privilege": grant["privilege"].upper()})
            for grant in row["grants"]
        )
        for field in ("first_seen", "first_run", "verdict", "table_ordinal"):
            del row[field]
    return Audited(sorted(rows, key=repr), done.posture["gaps"])


def _lake(mode: str, url: str, folder: Path) -> tuple[Settings, LakeSettings]:
    people = folder / "people"
    people.mkdir(parents=True)
    (people / "users.csv").write_text(
        "user,kind,active\nAnn,person,true\nbob,person,true\ncarol,person,false\n"
        "lakeadmin,service,true\n",
        "utf-8",
    )
    (people / "groups.csv").write_text("group\ndoor_staff\n", "utf-8")
    (people / "memberships.csv").write_text(
        "member_type,member,group\nuser,bob,door_staff\n", "utf-8"
    )
    config = folder / "lakewarden.toml"
    config.write_text(
        f'data = "data"\npolicies = "{wiring.starter_policies()}"\n[lakes.door]\n'
        f'source = "{url}"\ndirectory = "csv:{people}"\nmode = "{mode}"\ngroups = "none"\n',
        "utf-8",
    )
    settings = load_settings(config, {})
    return settings, settings.lake("door")
