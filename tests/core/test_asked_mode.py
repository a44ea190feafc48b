"""What a lake's live parts say of themselves: the mode that decides, and what that opens."""

import pytest

from app.core.errors import ModeUnknownError
from app.core.exposures import SETTING_KINDS
from app.core.rights.asked import (
    ENABLED,
    HIVESERVER2,
    MANAGER,
    MANAGERS,
    METASTORE,
    METASTORE_NAMELESS,
    anybody_was_asked,
    asked_mode,
    difference,
    mode_gaps,
)
from app.core.setting_findings import found_in_settings

SQL_STANDARD, LEGACY, RANGER = MANAGERS


def server(enabled: str = "true", manager: str = SQL_STANDARD, **more: str) -> dict[str, str]:
    """Settings as HiveServer2 says them."""
    said = {ENABLED: enabled, MANAGER: manager, **more}
    return {HIVESERVER2 + name: value for name, value in said.items() if value}


def metastore(enabled: str, manager: str) -> dict[str, str]:
    """Settings as the metastore says them."""
    return {METASTORE + ENABLED: enabled, METASTORE + MANAGER: manager}


@pytest.mark.parametrize(
    ("said", "mode"),
    [
        (server(), "sql-standard"),
        (server("TRUE"), "sql-standard"),
        (server(manager=LEGACY), "legacy"),
        (server(manager=RANGER), "ranger"),
        (server("false"), "off"),
        (server("false", manager="com.example.Other"), "off"),
        (server() | metastore("false", LEGACY), "sql-standard"),
    ],
)
def test_hiveserver2_decides(said: dict[str, str], mode: str) -> None:
    assert asked_mode(said) == mode
    assert mode_gaps(said, mode) == []


@pytest.mark.parametrize(
    "said",
    [
        {},
        metastore("true", SQL_STANDARD),  # its own configuration proves nothing of HiveServer2
        server(manager="com.example.Other"),
        server(manager=""),
        server(enabled=""),
        server(manager=SQL_STANDARD + ","),
        server(manager=SQL_STANDARD.rpartition(".")[2]),
    ],
)
def test_what_proves_no_mode_is_unknown(said: dict[str, str]) -> None:
    with pytest.raises(ModeUnknownError) as raised:
        asked_mode(said)
    assert raised.value.mend


def test_a_mode_that_hiveserver2_contradicts_is_in_doubt() -> None:
    (gap,) = mode_gaps(server(), "legacy")
    assert gap["scope"] == "lake"
    assert "sql-standard" in gap["reason"]
    (gap,) = mode_gaps(server(manager="com.example.Other"), "sql-standard")
    assert "com.example.Other" in gap["reason"]
    assert mode_gaps(metastore("false", LEGACY), "sql-standard") == []
    assert mode_gaps({"source": "metastore-database"}, "legacy") == []


def test_only_live_parts_count_as_asked() -> None:
    assert anybody_was_asked(server())
    assert anybody_was_asked(metastore("true", LEGACY))
    assert not anybody_was_asked({"source": "metastore-database", "metastore_version": "4.0.0"})


def test_a_difference_between_the_two_is_said() -> None:
    assert difference(server() | metastore("true", SQL_STANDARD)) == ""
    assert difference(server()) == ""
    told = difference(server() | metastore("false", LEGACY))
    assert f"{ENABLED} is true in HiveServer2 and false in the metastore" in told
    assert LEGACY in told


@pytest.mark.parametrize(
    ("said", "kind", "users"),
    [
        (server(**{"hive.server2.authentication": "NONE"}), "believes-any-name", None),
        (server(**{"hive.server2.authentication": "NOSASL"}), "believes-any-name", None),
        (server(**{"hive.server2.authentication": "LDAP,none"}), "believes-any-name", None),
        (
            server(**{"hive.server2.service.users": "hue, impala,"}),
            "skips-checks",
            ("hue", "impala"),
        ),
        ({METASTORE_NAMELESS: "true"}, "open-metastore", None),
        (
            server(
                **{
                    "hive.metastore.uris": "thrift://m:9083",
                    "hive.metastore.sasl.enabled": "false",
                }
            ),
            "open-metastore",
            None,
        ),
        (server() | metastore("true", LEGACY), "modes-differ", None),
    ],
)
def test_settings_that_open_the_lake(
    said: dict[str, str], kind: str, users: tuple[str, ...] | None
) -> None:
    (found,) = found_in_settings(said)
    assert (found.kind, found.users) == (kind, users)
    assert found.kind in SETTING_KINDS


@pytest.mark.parametrize(
    "said",
    [
        {},
        server(**{"hive.server2.authentication": "LDAP"}),
        server(**{"hive.server2.authentication": "KERBEROS", "hive.server2.service.users": " "}),
        server(**{"hive.metastore.sasl.enabled": "false"}),  # its metastore is its own process
        server(**{"hive.metastore.uris": "thrift://m:9083", "hive.metastore.sasl.enabled": "true"}),
    ],
)
def test_settings_that_open_nothing(said: dict[str, str]) -> None:
    assert list(found_in_settings(said)) == []
