"""`policy lint` of routes.yaml: who would not be told, and routes that match nothing."""

from collections.abc import Iterator, Mapping
from fnmatch import fnmatchcase

from app.core.classes import UNCLASSIFIED
from app.core.routes import LOUD, Route, Routing
from app.core.verdicts import SEVERITIES
from app.policy.findings import ERROR, WARNING, Finding
from app.policy.places import nearest, quoted


def lint_routes(
    routing: Routing,
    channels: Mapping[str, str] | None = None,
    classes: tuple[str, ...] | None = None,
    lakes: tuple[str, ...] | None = None,
) -> tuple[Finding, ...]:
    """What is well-formed in routes.yaml and still probably wrong.

    channels: name → kind, as `lakewarden.toml` has them; None where nobody knows them.
    """
    found = [*_second_routes(routing, channels), *_unheard(routing), *_unreachable(routing)]
    if channels is not None:
        found += _unknown_channels(routing, channels)
    if classes is not None:
        found += _unknown_values(routing, "class", (*classes, UNCLASSIFIED))
    if lakes is not None:
        found += _unknown_values(routing, "lake", lakes)
    return tuple(sorted(set(found)))


def _finding(route: Route, rule: str, severity: str, message: str, mend: str) -> Finding:
    return Finding(route.file, route.line, rule, severity, message, mend)


def _second_routes(routing: Routing, channels: Mapping[str, str] | None) -> Iterator[Finding]:
    for route in routing.routes:
        loud = _loud_severities(route)
        second = routing.route(route.second) if route.second else None
        if loud and second is None and not _is_siem(route, channels):
            yield _finding(
                route,
                "route-without-second",
                ERROR,
                f"the route {quoted(route.name)} takes {' and '.join(loud)} "
                "and has no second route",
                "Add `second:` with a route of another channel, or a severity matcher",
            )
        if second is not None and second.channel == route.channel:
            yield _finding(
                route,
                "second-route-same-channel",
                ERROR,
                f"the second route of {quoted(route.name)} goes to the same channel",
                "Name a route of another channel",
            )


def _unheard(routing: Routing) -> Iterator[Finding]:
    """Severities that some notice of theirs may reach nobody with."""
    if not routing.routes:
        yield Finding(
            routing.file, 0, "no-routes", WARNING, "there are no routes", "Nobody is told: add some"
        )
        return
    caught = {
        severity
        for route in routing.routes
        if set(route.matchers) <= {"severity"}
        for severity in SEVERITIES
        if _takes(route, "severity", severity)
    }
    for severity in SEVERITIES:
        if severity not in caught:
            yield _finding(
                routing.routes[-1],
                "severity-without-route",
                ERROR if severity in LOUD else WARNING,
                f"no route takes every {severity}, whatever its class, lake, kind and event",
                "Add a route that matches by severity alone, or by nothing",
            )


def _unreachable(routing: Routing) -> Iterator[Finding]:
    """Routes that match nothing, because one above takes it all and does not continue."""
    for position, route in enumerate(routing.routes):
        above = [one for one in routing.routes[:position] if not one.continues]
        over = next((one for one in above if _covers(one, route)), None)
        is_second = any(one.second == route.name for one in routing.routes)
        if over is not None and not is_second:
            yield _finding(
                route,
                "route-never-matches",
                WARNING,
                f"the route {quoted(route.name)} matches nothing: {quoted(over.name)} "
                "above takes all of it",
                "Move it up, or add `continue: true` above",
            )


def _unknown_channels(routing: Routing, channels: Mapping[str, str]) -> Iterator[Finding]:
    for route in routing.routes:
        if route.channel not in channels:
            known = ", ".join(sorted(channels)) or "none"
            yield _finding(
                route,
                "unknown-channel",
                ERROR,
                f"the route {quoted(route.name)} goes to the channel {quoted(route.channel)}, "
                "which lakewarden.toml does not have",
                f"{nearest(route.channel, tuple(channels))}Known: {known}",
            )


def _unknown_values(routing: Routing, matcher: str, known: tuple[str, ...]) -> Iterator[Finding]:
    for route in routing.routes:
        for pattern in route.matchers.get(matcher, ()):
            if not any(fnmatchcase(one, pattern) for one in known):
                yield _finding(
                    route,
                    "route-never-matches",
                    WARNING,
                    f"the route {quoted(route.name)} asks for the {matcher} {quoted(pattern)}, "
                    "which there is not",
                    nearest(pattern, known) or f"Mend the {matcher} or drop it",
                )


def _loud_severities(route: Route) -> tuple[str, ...]:
    return tuple(one for one in LOUD if _takes(route, "severity", one))


def _is_siem(route: Route, channels: Mapping[str, str] | None) -> bool:
    """A SIEM wakes nobody; it needs no second way, but somebody else does (`_unheard`)."""
    return channels is not None and channels.get(route.channel) == "ocsf" and route.continues


def _takes(route: Route, matcher: str, value: str) -> bool:
    patterns = route.matchers.get(matcher)
    return patterns is None or any(fnmatchcase(value, pattern) for pattern in patterns)


def _covers(wide: Route, narrow: Route) -> bool:
    """Whether the wide route takes whatever the narrow one does; certain cases only."""
    for matcher, patterns in wide.matchers.items():
        wanted = narrow.matchers.get(matcher)
        if matcher == "severity" and wanted is not None:
            known = [one for one in SEVERITIES if _takes(narrow, matcher, one)]
            if all(_takes(wide, matcher, one) for one in known):
                continue
            return False
        if wanted is None or not set(wanted) <= set(patterns):
            return False
    return True
