"""Snapshot records: one for each crawl, folders shared by equal content."""

from datetime import timedelta
from typing import Any

import pytest

from app.core.errors import NotFoundError
from app.store.database import Database, Session, reading_scope, session_scope
from app.store.identifiers import utc_now
from app.store.snapshots import (
    SnapshotRecord,
    forget_snapshots,
    lakes_seen,
    list_snapshots,
    newest_snapshot,
    record_snapshot,
    snapshot_record,
)

NOW = utc_now()


def crawl(session: Session, content: str, hours: int = 0, lake: str = "prod") -> SnapshotRecord:
    return record_snapshot(
        session,
        lake=lake,
        content_hash=content,
        path=f"{lake}/{content}",
        taken_at=NOW + timedelta(hours=hours),
        counts={"tables": 60_000},
        source="metastore+sqlite:///x",
    )


def test_a_crawl_is_recorded_once(database: Database) -> None:
    with session_scope(database) as session:
        first = crawl(session, "aa")
        assert crawl(session, "aa") == first
        assert list_snapshots(session).items == (first,)
    assert first.counts == {"tables": 60_000}
    assert first.taken_at == NOW


def test_the_newest_is_what_was_seen_last(database: Database) -> None:
    with session_scope(database) as session:
        first, changed, back = (
            crawl(session, content, hours) for hours, content in enumerate(["aa", "bb", "aa"])
        )
        crawl(session, "cc", 9, lake="dev")
        assert newest_snapshot(session, "prod") == back
        assert newest_snapshot(session, "prod", until=changed.taken_at) == changed
        assert newest_snapshot(session, "prod", until=first.taken_at) == first
        assert newest_snapshot(session, "prod", until=NOW - timedelta(1)) is None
        assert newest_snapshot(session, "none") is None
        assert lakes_seen(session) == ("dev", "prod")


def test_a_record_is_found_by_id_and_by_content(database: Database) -> None:
    with session_scope(database) as session:
        first, again = crawl(session, "aa"), crawl(session, "aa", 1)
        assert snapshot_record(session, first.id) == first
        assert snapshot_record(session, "aa") == again
    with pytest.raises(NotFoundError, match="no snapshot 'aa'"), reading_scope(database) as session:
        snapshot_record(session, "aa", lake="dev")


def test_the_list_is_paged_and_filtered(database: Database) -> None:
    with session_scope(database) as session:
        made = [crawl(session, f"{hour:02}", hour).id for hour in range(5)]
        dev = crawl(session, "zz", lake="dev").id

        def page(**filters: Any) -> list[str]:
            return [record.id for record in list_snapshots(session, **filters).items]

        assert page(lake="prod", limit=3) == made[:1:-1]
        assert page(lake="prod", before=made[2]) == made[1::-1]
        assert page(lakes=["dev"]) == [dev]


def test_a_folder_is_free_when_no_record_names_it(database: Database) -> None:
    with session_scope(database) as session:
        first, again, other = crawl(session, "aa"), crawl(session, "aa", 1), crawl(session, "bb")
        assert forget_snapshots(session, [first.id, other.id]) == ("prod/bb",)
        assert forget_snapshots(session, [again.id]) == ("prod/aa",)
        assert forget_snapshots(session, []) == ()
        assert list_snapshots(session).items == ()
