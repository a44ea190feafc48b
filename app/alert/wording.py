"""What a notice says to a person: the same few lines in every channel for people."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import quote

from app.alert.bounding import one_line
from app.core.incidents import (
    ACKNOWLEDGED,
    CLAIMED,
    GROWN,
    OPENED,
    REGRESSED,
    RESOLVED,
    SHRUNK,
    STILL_OPEN,
    UNKNOWN,
    WAIVED,
    WAIVER_ENDED,
    Notice,
)
from app.core.routes import DIGEST, TEST, WATCHER, Message

EVENT_WORDS = {
    OPENED: "opened",
    ACKNOWLEDGED: "acknowledged",
    GROWN: "grown",
    SHRUNK: "shrunk",
    CLAIMED: "claimed mended",
    STILL_OPEN: "still open although claimed mended",
    RESOLVED: "resolved",
    REGRESSED: "open again",
    UNKNOWN: "unknown: the last crawl could not see it",
    WAIVED: "waived",
    WAIVER_ENDED: "open: its waiver ended",
    DIGEST: "baseline",
    WATCHER: "Lakewarden itself",
    TEST: "TEST, nothing happened",
}
LONGEST_TITLE, LONGEST_LINE, LONGEST_MEND = 200, 400, 1_200
_MOST_NAMES = 5

#: Keys of Notice.data that stand in lines of their own, with what they are called there.
_LISTS = (
    ("gravest", "Gravest"),
    ("sample", "Tables"),
    ("path", "Through"),
    ("evidence", "Evidence"),
    ("owners_to_tell", "Owners"),
    ("grantors", "Granted by"),
    ("also_through", "Also through"),
)
_TEXTS = (
    ("cause", "Cause"),
    ("first_seen", "First seen"),
    ("note", "Note"),
)
_COUNTS = (("exposures", "exposures"), ("tables", "tables"), ("people", "people"))


@dataclass(frozen=True, slots=True)
class Words:
    """A notice for people: untrusted text on single lines, not yet escaped for a channel."""

    title: str
    lines: tuple[str, ...]
    link: str


def event_words(notice: Notice) -> str:
    """What happened, in a word or two."""
    return EVENT_WORDS.get(notice.kind, one_line(notice.kind, 40))


def title(notice: Notice, longest: int = LONGEST_TITLE) -> str:
    """Severity, lake and the notice's own title, on one line; the event where it lacks it."""
    severity = f"[{one_line(notice.severity, 10)}] " if notice.severity else "[info] "
    lake = f"{one_line(notice.lake, 64)}: " if notice.lake else ""
    own = one_line(notice.title, 900)
    event = "" if notice.kind in own else f"{event_words(notice)}: "
    return one_line(f"{severity}{lake}{event}{own}", longest)


def headline(message: Message, longest: int = LONGEST_TITLE) -> str:
    """One line for the whole message."""
    again = "reminder: " if message.again else ""
    first = title(message.notices[0], longest)
    if len(message.notices) == 1:
        return one_line(again + first, longest)
    severity = f"[{message.severity}] " if message.severity else ""
    lakes = sorted({notice.lake for notice in message.notices if notice.lake})
    of = f" of {', '.join(lakes)}" if lakes else ""
    return one_line(f"{severity}{again}{len(message.notices)} events{of}", longest)


def words(notice: Notice, base: str | None) -> Words:
    """A notice in lines. `base`: where links point, without a slash at its end."""
    data = notice.data
    lines = [one_line(_numbers(notice), LONGEST_LINE)]
    if notice.classes:
        lines.append(one_line(f"Classes: {_names(notice.classes)}", LONGEST_LINE))
    for key, called in _TEXTS:
        said = _text(data.get(key))
        if said:
            lines.append(one_line(f"{called}: {said}", LONGEST_LINE))
    lines += [*_mend(data.get("mend")), *_mends(data.get("mends"))]
    if isinstance(data.get("since"), int):
        lines.append(f"Since: {_moment(data['since'])}")
    for key, called in _LISTS:
        value = data.get(key)
        if isinstance(value, Sequence) and not isinstance(value, str) and value:
            lines.append(one_line(f"{called}: {_names(value)}", LONGEST_LINE))
    if notice.actor:
        lines.append(one_line(f"By: {notice.actor}", LONGEST_LINE))
    lines.append(one_line(f"At: {notice.at}  Id: {notice.id}", LONGEST_LINE))
    return Words(title(notice), tuple(line for line in lines if line), link(notice, base))


def link(notice: Notice, base: str | None) -> str:
    """Where more is to be read; empty where nobody said where Lakewarden's page is."""
    given = notice.data.get("link")
    path = given if isinstance(given, str) and given.startswith("/") else ""
    if not path and notice.incident.isalnum():
        path = (
            f"/v1/lakes/{quote(notice.lake, safe='', errors='replace')}/incidents/{notice.incident}"
        )
    if not base or not path or path.startswith("//") or not path.isascii():
        return ""
    if not path.isprintable() or any(sign in path for sign in " \"'<>|\\`"):
        return ""
    return f"{base.rstrip('/')}{path}"


def _mend(mend: object) -> list[str]:
    """The one mend and what it does. A statement that was cut would be another one."""
    if not isinstance(mend, Mapping) or not mend.get("words"):
        return []
    words, effect = one_line(mend["words"], LONGEST_MEND + 1), mend.get("effect")
    if len(words) > LONGEST_MEND:
        words = f"{mend.get('statement_count')} statements: lakewarden incidents plan"
    lines = [f"What closes it: {words}"]
    return [*lines, one_line(f"Its effect: {effect}", LONGEST_LINE)] if effect else lines


def _mends(mends: object) -> list[str]:
    """What closes the gravest few of a digest, each with what it is about."""
    if not isinstance(mends, Sequence) or isinstance(mends, str):
        return []
    found = list[str]()
    for mend in mends:
        if isinstance(mend, Mapping):
            about = one_line(f"{mend.get('severity', '')} {mend.get('cause', '')}", 90)
            lines = _mend(mend)
            found += [f"{about}: {line}" for line in lines]
    return found


def _numbers(notice: Notice) -> str:
    numbers = notice.data.get("numbers", notice.data)
    if not isinstance(numbers, Mapping):
        return ""
    said = [f"{numbers[key]} {what}" for key, what in _COUNTS if isinstance(numbers.get(key), int)]
    return ", ".join(said)


def _names(values: Sequence[object]) -> str:
    shown = ", ".join(_name(value) for value in values[:_MOST_NAMES])
    more = len(values) - _MOST_NAMES
    return f"{shown} and {more} more" if more > 0 else shown


def _name(value: object) -> str:
    """A name; of an incident within a digest, how bad it is and its cause."""
    if not isinstance(value, Mapping):
        return one_line(value, 120)
    tables, people = value.get("tables"), value.get("people")
    wide = f" ({tables} tables, {people} people)" if tables is not None else ""
    return one_line(f"{value.get('severity', '')} {value.get('cause', '')}", 90) + wide


def _text(value: object) -> str:
    if isinstance(value, Mapping):
        return one_line(value.get("words", ""), LONGEST_LINE)
    if isinstance(value, Sequence) and not isinstance(value, str):
        return "; ".join(_text(one) for one in value)
    return "" if value is None else one_line(value, LONGEST_LINE)


def _moment(seconds: object) -> str:
    """Epoch seconds, as a grant in a metastore has them."""
    try:
        return f"{datetime.fromtimestamp(int(str(seconds)), UTC):%Y-%m-%d %H:%M:%S} UTC"
    except (ValueError, OverflowError, OSError):
        return one_line(seconds, 40)
