"""The log: one line a record, in JSON where wanted, and never a secret."""

import io
import json
import logging
from collections.abc import Iterator

import pytest

from app.log import redacted, set_up_logging

TOKEN = "lw_vhcv5zfhp4wq_kXizi93K4HZgXQ1ogKNbny25sjmYAf2824NLODaKhLF3cGvzI"


@pytest.fixture
def stream() -> Iterator[io.StringIO]:
    root = logging.getLogger()
    handlers, level = list(root.handlers), root.level
    yield io.StringIO()
    root.handlers[:] = handlers
    root.setLevel(level)


def test_plain_lines_say_when_how_bad_and_who(stream: io.StringIO) -> None:
    set_up_logging("plain", "info", stream)
    logging.getLogger("app.audit").info("crawled %s tables", 12)
    line = stream.getvalue()
    assert line.endswith("Z INFO app.audit: crawled 12 tables\n")
    assert line[4] == "-"


def test_json_lines_carry_what_was_given(stream: io.StringIO) -> None:
    set_up_logging("json", "info", stream)
    logging.getLogger("app.audit").warning("slow", extra={"lake": "prod", "tables": 12})
    line = json.loads(stream.getvalue())
    assert line.pop("time").endswith("Z")
    assert line == {
        "level": "warning",
        "logger": "app.audit",
        "message": "slow",
        "lake": "prod",
        "tables": 12,
    }


def test_it_is_set_up_once(stream: io.StringIO) -> None:
    set_up_logging("json", "debug", stream)
    set_up_logging("plain", "warning", stream)
    logging.getLogger("a").info("not shown")
    logging.getLogger("a").warning("shown")
    assert stream.getvalue().count("\n") == 1


@pytest.mark.parametrize("format", ["plain", "json"])
def test_no_secret_gets_into_the_log(stream: io.StringIO, format: str) -> None:
    set_up_logging(format, "info", stream)
    log = logging.getLogger("app.audit")
    log.info("reading %s", "metastore+postgresql://me:hunter2@db/m")
    log.info("asked with Authorization: Bearer hunter2.hunter2")
    log.info("token %s", TOKEN)
    log.info("with", extra={"source": "x://me:hunter2@db", "given": ["x://me:hunter2@db"]})
    try:
        raise ValueError("no way into x://me:hunter2@db with password=hunter2")
    except ValueError:
        log.exception("failed", stack_info=True)
    text = stream.getvalue()
    assert "hunter2" not in text
    assert TOKEN not in text
    assert "lw_vhcv5zfhp4wq_***" in text
    assert "ValueError" in text


@pytest.mark.parametrize("format", ["plain", "json"])
def test_a_name_cannot_forge_a_line(stream: io.StringIO, format: str) -> None:
    set_up_logging(format, "info", stream)
    logging.getLogger("a").info("table %s", "x\n2026-01-01 INFO a: all clean\r\x1b[2K\u202e")
    assert stream.getvalue().count("\n") == 1
    assert not set("\r\x1b\u202e") & set(stream.getvalue())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("nothing to hide at host:5432/db", "nothing to hide at host:5432/db"),
        ("x://me:p@s:s@db/m and x://db", "x://me:***@db/m and x://db"),
        ("bearer abc.def", "bearer ***"),
        ("x://db/m?user=me&api_key=abc&x=1", "x://db/m?user=me&api_key=***&x=1"),
        ("password: abc, next", "password: ***, next"),
    ],
)
def test_redacted(text: str, expected: str) -> None:
    assert redacted(text) == expected
