"""`routes.yaml`: which notice goes to which channel. It may be missing: then nobody is told."""

import re
from collections.abc import Mapping
from dataclasses import replace
from pathlib import Path

from app.core.incidents import EVENT_KINDS
from app.core.routes import (
    DIGEST,
    GROUP_INTERVAL,
    GROUP_LABELS,
    GROUP_WAIT,
    LOUD,
    LOUDEST_WAIT,
    MATCHERS,
    REPEAT_INTERVAL,
    WATCHER,
    Route,
    Routing,
)
from app.core.verdicts import SEVERITIES
from app.policy.marked_yaml import (
    Listing,
    Word,
    as_mapping,
    as_word,
    as_words,
    read_yaml,
)
from app.policy.marked_yaml import Mapping as YamlMapping
from app.policy.places import Place, label, nearest, quoted, read_text

ROUTES = "routes.yaml"
_TIMES = ("group_wait", "group_interval", "repeat_interval")
_KEYS = ("name", "channel", *MATCHERS, "second", "continue", "group_by", *_TIMES)
_TIME = re.compile(r"(?P<number>\d{1,6})(?P<unit>[smhd]?)")
_SECONDS = {"": 1, "s": 1, "m": 60, "h": 3600, "d": 86_400}
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")
_LONGEST_TIME = 7 * 86_400

#: Events a route can be asked about, the watcher's own and the baseline among them.
EVENTS = (*EVENT_KINDS, DIGEST, WATCHER)


def load_routes(folder: Path) -> Routing:
    """The routes of a policies folder. Raises PolicyError naming file, line and mend."""
    named, path = f"{label(folder)}/{ROUTES}", folder / ROUTES
    if not path.exists():
        return Routing((), named)
    return read_routes(read_text(path, Place(named)), named)


def read_routes(text: str, file: str) -> Routing:
    """Read and check routes.yaml. Raises PolicyError."""
    document = as_mapping(read_yaml(text, file), ROUTES)
    document.only(ROUTES, (*_TIMES, "routes"))
    defaults = Route(
        "",
        "",
        group_wait=_time(document, "group_wait", GROUP_WAIT),
        group_interval=_time(document, "group_interval", GROUP_INTERVAL),
        repeat_interval=_time(document, "repeat_interval", REPEAT_INTERVAL),
    )
    node = document.get("routes")
    if node is None or (isinstance(node, Word) and node.empty):
        return Routing((), file)
    if not isinstance(node, Listing):
        raise node.place.error("`routes` must be a list", "Begin each route with `- name: …`")
    routes = tuple(_route(as_mapping(item, "a route"), defaults) for item in node.items)
    first: dict[str, Route] = {}
    for route in routes:
        known = first.setdefault(route.name, route)
        if known is not route:
            raise Place(route.file, route.line).error(
                f"the route {quoted(route.name)} stands here a second time",
                f"It begins on line {known.line}: give each its own name",
            )
    for route in routes:
        _check_second(route, first)
    return Routing(routes, file)


def _route(given: YamlMapping, defaults: Route) -> Route:
    given.only("a route", _KEYS)
    name = as_word(given.need("name", "a route"), "name").words("the name")
    if not _NAME.fullmatch(name):
        raise given.place.error(
            f"{quoted(name)} cannot name a route",
            "Use letters, digits, dots, dashes and underscores, at most 64",
        )
    what = f"the route {quoted(name)}"
    group_by = tuple(word.text for word in as_words(given.get("group_by") or _LAKE, "group_by"))
    for one in group_by:
        if one not in GROUP_LABELS:
            raise given.place.error(
                f"{what} groups by {quoted(one)}",
                f"Choose from {', '.join(GROUP_LABELS)}: what stays the same while an incident "
                "lives; for severities write several routes",
            )
    matchers = {key: _patterns(given, key) for key in MATCHERS if key in given}
    second = given.get("second")
    route = replace(
        defaults,
        name=name,
        channel=as_word(given.need("channel", what), "channel").words("the channel"),
        matchers=matchers,
        second="" if second is None else as_word(second, "second").words("second"),
        continues=_truth(given, "continue"),
        group_by=group_by,
        group_wait=_time(given, "group_wait", defaults.group_wait),
        group_interval=_time(given, "group_interval", defaults.group_interval),
        repeat_interval=_time(given, "repeat_interval", defaults.repeat_interval),
        file=given.place.file,
        line=given.place.line,
    )
    _check_loud_wait(route, given)
    return route


_LAKE = Word(Place(""), "lake", True)


def _patterns(given: YamlMapping, key: str) -> tuple[str, ...]:
    node = given.get(key)
    words = () if node is None else as_words(node, key)
    if not words:
        raise given.place.error(f"{key} is empty: it matches nothing", "Give values or drop it")
    patterns = tuple(word.words(key) for word in words)
    known = {"severity": SEVERITIES, "event": EVENTS}.get(key)
    if known is None:
        return patterns
    if key == "severity":
        patterns = tuple(pattern.upper() for pattern in patterns)
    for word, pattern in zip(words, patterns, strict=True):
        if pattern not in known and not _is_glob(pattern):
            raise word.place.error(
                f"{quoted(word.text)} is no {key}",
                f"{nearest(pattern, known)}Known: {', '.join(known)}",
            )
    return patterns


def _check_loud_wait(route: Route, given: YamlMapping) -> None:
    """A wait written for SEV0 and SEV1 alone that is longer than they ever wait."""
    severities = route.matchers.get("severity", ())
    if not severities or not set(severities) <= set(LOUD):
        return
    if "group_wait" in given and route.group_wait > LOUDEST_WAIT:
        raise given.place.error(
            f"the route {quoted(route.name)} lets SEV0 and SEV1 wait {route.group_wait:.0f} s",
            f"They wait {LOUDEST_WAIT:.0f} s at most: write group_wait: 10s or less",
        )


def _check_second(route: Route, known: Mapping[str, Route]) -> None:
    if not route.second:
        return
    place = Place(route.file, route.line)
    if route.second not in known:
        raise place.error(
            f"the second route {quoted(route.second)} of {quoted(route.name)} is not there",
            f"{nearest(route.second, tuple(known))}Add it, or name another",
        )
    if route.second == route.name:
        raise place.error(f"the route {quoted(route.name)} is its own second route", "Name another")


def _time(given: YamlMapping, key: str, default: float) -> float:
    node = given.get(key)
    if node is None:
        return default
    word = as_word(node, key)
    text = word.text.strip()
    if key == "repeat_interval" and text == "never":
        return 0.0
    match = _TIME.fullmatch(text)
    seconds = int(match["number"]) * _SECONDS[match["unit"]] if match else -1
    least = 60 if key == "repeat_interval" else 0
    if not least <= seconds <= _LONGEST_TIME:
        raise word.place.error(
            f"{key} is {quoted(word.text)}",
            "Write a time as 30s, 5m or 4h, at most 7d"
            + ("; at least 60s, or never" if least else ""),
        )
    return float(seconds)


def _truth(given: YamlMapping, key: str) -> bool:
    node = given.get(key)
    if node is None:
        return False
    word = as_word(node, key)
    if word.text not in ("true", "false"):
        raise word.place.error(f"{key} is {quoted(word.text)}", "Write true or false")
    return word.text == "true"


def _is_glob(pattern: str) -> bool:
    return any(sign in pattern for sign in "*?[")
