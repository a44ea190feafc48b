"""The directory in three CSV files: what it gives, and how it refuses."""

from pathlib import Path

import pytest

from app.core.errors import DirectoryError
from app.sources.registry import open_directory
from tests.sources.crawling import Crawled

USERS = "user,kind,active\nann,person,true\n"
GROUPS = "group\nstaff\n"
MEMBERS = "member_type,member,group\nuser,ann,staff\n"


def read(folder: Path, users: str = USERS, groups: str = GROUPS, members: str = MEMBERS) -> Crawled:
    """Write the three files and read them."""
    for name, text in (("users", users), ("groups", groups), ("memberships", members)):
        (folder / f"{name}.csv").write_bytes(text.encode())
    return Crawled(open_directory(f"csv:{folder}").crawl())


def test_people_services_groups_and_memberships(tmp_path: Path) -> None:
    found = read(
        tmp_path,
        "user,kind,active\nann,person,true\nAnn,person,no\nsvc,service,1\nbob,Person,FALSE\n",
        "group\nstaff\nall\n",
        "member_type,member,group\nuser,ann,staff\ngroup,staff,all\nuser,ann,staff\n",
    )
    assert found.rows("users") == [
        {"name": "ann", "kind": "person", "active": True},
        {"name": "Ann", "kind": "person", "active": False},
        {"name": "svc", "kind": "service", "active": True},
        {"name": "bob", "kind": "person", "active": False},
    ]
    assert found.rows("groups") == [{"name": "staff"}, {"name": "all"}]
    assert found.rows("group_members") == [
        {"member_type": "user", "member": "ann", "group": "staff"},
        {"member_type": "group", "member": "staff", "group": "all"},
    ]
    assert found.rows("gaps") == []


def test_byte_order_mark_windows_lines_blank_lines_and_quotes(tmp_path: Path) -> None:
    users = '\ufeffUser,Kind,Active\r\n"a,""b"" ",person,yes\r\n\r\n\u202eé ,service,0\r\n'
    found = read(tmp_path, users)
    assert [row["name"] for row in found.rows("users")] == ['a,"b" ', "\u202eé "]


@pytest.mark.parametrize(
    ("users", "message"),
    [
        ("name,kind,active\n", r"users\.csv, line 1: the header is 'name,kind,active'"),
        ("", r"users\.csv, line 1: the header is ''\. Write user,kind,active"),
        (USERS + "bob,robot,true\n", r"users\.csv, line 3: 'robot' is no kind.*person, service"),
        (USERS + "bob,person,maybe\n", r"users\.csv, line 3: active is 'maybe'"),
        (USERS + "bob,person\n", r"users\.csv, line 3: 2 fields\. Every line has 3"),
        (USERS + "bob,person,true,x\n", r"users\.csv, line 3: 4 fields"),
        (USERS + ",person,true\n", r"users\.csv, line 3: an empty field"),
        (USERS + "ann,service,true\n", r"users\.csv, line 3: user ann is listed before"),
        (USERS + "ann,person,false\n", r"users\.csv, line 3: user ann is listed before"),
        (USERS + '"bob" x,person,true\n', r"users\.csv, line 3: .*RFC 4180"),
        (USERS + '"bob\n\n,person,true\n', r"users\.csv, line 5: .*RFC 4180"),
    ],
)
def test_a_bad_user_is_named_with_file_line_and_mend(
    users: str, message: str, tmp_path: Path
) -> None:
    with pytest.raises(DirectoryError, match=message):
        read(tmp_path, users)


def test_a_bad_group_or_membership_is_named(tmp_path: Path) -> None:
    with pytest.raises(DirectoryError, match=r"groups\.csv, line 1: the header is 'name'"):
        read(tmp_path, groups="name\nx\n")
    with pytest.raises(DirectoryError, match=r"memberships\.csv, line 2: 'role' is no type"):
        read(tmp_path, members="member_type,member,group\nrole,x,y\n")


def test_bytes_that_are_no_utf8(tmp_path: Path) -> None:
    read(tmp_path)
    (tmp_path / "users.csv").write_bytes(b"user,kind,active\nann,person,true\n\xff,person,true\n")
    with pytest.raises(DirectoryError, match=r"users\.csv, line 3: a byte that is not UTF-8"):
        list(open_directory(f"csv:{tmp_path}").crawl())


def test_the_same_user_twice_is_one(tmp_path: Path) -> None:
    assert len(read(tmp_path, USERS + "ann,person,yes\n").rows("users")) == 1


def test_a_group_that_only_a_membership_names_stays_and_is_a_gap(tmp_path: Path) -> None:
    found = read(
        tmp_path, members=MEMBERS + "user,ann,ghosts\ngroup,phantoms,staff\nuser,zoe,staff\n"
    )
    assert {row["group"] for row in found.rows("group_members")} == {"staff", "ghosts"}
    assert [(gap["scope"], gap["object"]) for gap in found.rows("gaps")] == [
        ("directory", "group:ghosts"),
        ("directory", "group:phantoms"),
    ]


def test_missing_files(tmp_path: Path) -> None:
    with pytest.raises(DirectoryError, match=r"There is no folder .*nowhere"):
        list(open_directory(f"csv:{tmp_path}/nowhere").crawl())
    with pytest.raises(DirectoryError, match=r"users\.csv cannot be read: No such file"):
        list(open_directory(f"csv:{tmp_path}").crawl())
    (tmp_path / "users.csv").write_text(USERS)
    found = Crawled(open_directory(f"csv:{tmp_path}").crawl())
    assert found.gaps() == [
        "directory : groups.csv is missing",
        "directory : memberships.csv is missing",
    ]


def test_a_directory_without_people_is_a_gap(tmp_path: Path) -> None:
    found = read(tmp_path, "user,kind,active\n")
    assert "directory : users.csv lists nobody" in found.gaps()
