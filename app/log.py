"""The log, set up once: plain or JSON lines on standard error, without secrets."""

import json
import logging
import re
import sys
from datetime import UTC, datetime
from typing import TextIO

_SECRETS: tuple[tuple[re.Pattern[str], str], ...] = (
    (re.compile(r"(?<=://)([^:/@\s\"']*):([^\s\"']*)@"), r"\1:***@"),
    (re.compile(r"(?i)\b(bearer|basic)\s+[\w.~+/=-]+"), r"\1 ***"),
    (re.compile(r"\blw_([0-9a-z]+)_\w+"), r"lw_\1_***"),
    (
        re.compile(r"(?i)([?&;][^=&;?\s]*(?:pass|pwd|secret|token|key)[^=&;\s]*=)[^&;\s\"']*"),
        r"\1***",
    ),
    (re.compile(r"(?i)\b((?:password|passwd|pwd|secret)\s*[=:]\s*)[^\s,;&\"']+"), r"\1***"),
)
_ORDINARY = frozenset(vars(logging.makeLogRecord({}))) | {"message", "asctime", "taskName"}
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069]")
_HANDLER = "lakewarden"
_TALKATIVE = ("alembic", "casbin", "sqlglot", "thrift")


def set_up_logging(
    format: str = "plain", level: str = "info", stream: TextIO | None = None
) -> None:
    """Send every log record to one stream; a second call replaces the first."""
    handler = logging.StreamHandler(stream or sys.stderr)
    handler.set_name(_HANDLER)
    handler.setFormatter(JsonLines() if format == "json" else PlainLines())
    handler.addFilter(RedactSecrets())
    root = logging.getLogger()
    for old in [known for known in root.handlers if known.get_name() == _HANDLER]:
        root.removeHandler(old)
    root.addHandler(handler)
    root.setLevel(level.upper())
    for talkative in _TALKATIVE:
        logger = logging.getLogger(talkative)
        # Never louder than it is: the SQL parser would log the texts of views.
        logger.setLevel(max(logger.level, root.level, logging.WARNING))


def redacted(text: str) -> str:
    """The text without passwords of URLs, bearer tokens and API tokens."""
    for pattern, replacement in _SECRETS:
        text = pattern.sub(replacement, text)
    return text


class RedactSecrets(logging.Filter):
    """Takes the secrets out of a record, whatever part of it holds them."""

    def filter(self, record: logging.LogRecord) -> bool:
        """Redact in place; every record passes."""
        record.msg, record.args = redacted(record.getMessage()), ()
        if record.exc_info:
            record.exc_text = redacted(_WITHOUT_FORMAT.formatException(record.exc_info))
        if record.stack_info:
            record.stack_info = redacted(record.stack_info)
        for name, value in _given(record).items():
            setattr(record, name, redacted(str(value)) if _may_hold_text(value) else value)
        return True


class PlainLines(logging.Formatter):
    """One line for people: time, level, logger, message."""

    def __init__(self) -> None:
        super().__init__("%(asctime)s %(levelname)s %(name)s: %(message)s")

    def formatTime(self, record: logging.LogRecord, datefmt: str | None = None) -> str:  # noqa: N802
        """The time in UTC."""
        return _time(record)

    def formatMessage(self, record: logging.LogRecord) -> str:  # noqa: N802
        """The message on one line: a name with a line break in it forges no second one."""
        return _CONTROL.sub(lambda m: repr(m[0])[1:-1], super().formatMessage(record))


class JsonLines(logging.Formatter):
    """One JSON object a line for machines, with whatever `extra` was given."""

    def format(self, record: logging.LogRecord) -> str:
        """The record as JSON."""
        line = {
            "time": _time(record),
            "level": record.levelname.lower(),
            "logger": record.name,
            "message": record.getMessage(),
            **_given(record),
        }
        if record.exc_text or record.exc_info:
            line["exception"] = record.exc_text or self.formatException(record.exc_info)  # type: ignore[arg-type]
        return json.dumps(line, default=str)


_WITHOUT_FORMAT = logging.Formatter()


def _time(record: logging.LogRecord) -> str:
    moment = datetime.fromtimestamp(record.created, UTC)
    return moment.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _given(record: logging.LogRecord) -> dict[str, object]:
    return {name: value for name, value in vars(record).items() if name not in _ORDINARY}


def _may_hold_text(value: object) -> bool:
    return not isinstance(value, (bool, int, float, type(None)))
