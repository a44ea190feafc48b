"""What `/metrics` says: of the lakes, of the runs and jobs, and of the server itself."""

from collections.abc import Collection, Iterable, Iterator
from datetime import timedelta

from prometheus_client import CollectorRegistry, Counter, Histogram, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.registry import Collector
from sqlalchemy import func, select

from app.store.database import Session, reading_scope
from app.store.deliveries import STATES
from app.store.delivery_log import backlog
from app.store.identifiers import utc_now
from app.store.incidents import count_incidents
from app.store.outbox import waiting_notices
from app.store.snapshots import newest_snapshot
from app.store.tables import jobs, runs
from app.store.waivers import waivers_of_lake
from app.web.errors import NoWholeRunError
from app.web.open_runs import OpenRun, OpenRuns
from app.web.services import Services

MEDIA_TYPE = "text/plain; version=0.0.4; charset=utf-8"
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"})
_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 10.0, 60.0)


class Measures:
    """Counts requests as they are answered; asks for the rest when somebody looks."""

    def __init__(self, services: Services, open_runs: OpenRuns) -> None:
        self._services = services
        self._open_runs = open_runs
        self._registry = CollectorRegistry()
        self._requests = Counter(
            "lakewarden_http_requests",
            "Requests answered, by method, route and status.",
            ("method", "route", "status"),
            registry=self._registry,
        )
        self._seconds = Histogram(
            "lakewarden_http_request_seconds",
            "How long answers took, to their last byte.",
            ("method", "route"),
            buckets=_SECONDS,
            registry=self._registry,
        )

    def answered(self, method: str, route: str, status: int, seconds: float) -> None:
        """Count one request."""
        method = method if method in _METHODS else "OTHER"
        self._requests.labels(method, route, str(status)).inc()
        self._seconds.labels(method, route).observe(seconds)

    def text(self, lakes: Collection[str], questions_waiting: int) -> bytes:
        """All measures in Prometheus' text format, of the given lakes only."""
        return generate_latest(_Everything(self, lakes, questions_waiting))

    def own(self) -> Iterable[Metric]:
        """What was counted here."""
        return self._registry.collect()

    def of_lakes(self, lakes: Collection[str]) -> Iterator[Metric]:
        """What the state database and the newest runs say."""
        shown = [name for name in self._services.lakes if name in lakes]
        with reading_scope(self._services.database) as session:
            yield _snapshot_ages(session, shown)
            yield _counted_runs(session, shown)
            yield _counted_jobs(session, shown)
            yield from _alerts(session, shown)
        yield from _newest_runs(self._newest(shown))

    def version(self) -> Metric:
        """Which version runs."""
        found = GaugeMetricFamily("lakewarden_build", "The version that runs.", labels=["version"])
        found.add_metric([self._services.version], 1)
        return found

    def _newest(self, lakes: Iterable[str]) -> list[OpenRun]:
        found = []
        for lake in lakes:
            try:
                found.append(self._open_runs.newest(lake))
            except NoWholeRunError:
                continue
        return found


class _Everything(Collector):
    def __init__(self, measures: Measures, lakes: Collection[str], waiting: int) -> None:
        self._measures = measures
        self._lakes = lakes
        self._waiting = waiting

    def collect(self) -> Iterator[Metric]:
        """Every family, in an order that does not change."""
        yield self._measures.version()
        yield from self._measures.of_lakes(self._lakes)
        yield GaugeMetricFamily(
            "lakewarden_questions_waiting",
            "Questions asked and not yet in the trail.",
            value=self._waiting,
        )
        yield from self._measures.own()


def _snapshot_ages(session: Session, lakes: Iterable[str]) -> Metric:
    found = GaugeMetricFamily(
        "lakewarden_snapshot_age_seconds",
        "Since when the newest snapshot of the lake was taken.",
        labels=["lake"],
    )
    now = utc_now()
    for lake in lakes:
        newest = newest_snapshot(session, lake)
        if newest is not None:
            found.add_metric([lake], (now - newest.taken_at).total_seconds())
    return found


def _counted_runs(session: Session, lakes: Collection[str]) -> Metric:
    found = GaugeMetricFamily(
        "lakewarden_runs", "Runs on record, by state.", labels=["lake", "state"]
    )
    query = select(runs.c.lake, runs.c.state, func.count()).group_by(runs.c.lake, runs.c.state)
    for lake, state, count in session.execute(query.order_by(runs.c.lake, runs.c.state)):
        if lake in lakes:
            found.add_metric([lake, state], count)
    return found


def _counted_jobs(session: Session, lakes: Collection[str]) -> Metric:
    found = GaugeMetricFamily(
        "lakewarden_jobs", "Runs asked for through the API, by state.", labels=["lake", "state"]
    )
    query = select(jobs.c.lake, jobs.c.state, func.count()).group_by(jobs.c.lake, jobs.c.state)
    for lake, state, count in session.execute(query.order_by(jobs.c.lake, jobs.c.state)):
        if lake in lakes:
            found.add_metric([lake, state], count)
    return found


def _alerts(session: Session, lakes: Iterable[str]) -> Iterator[Metric]:
    """The way of alerts, which is every lake's, and the incidents of these lakes."""
    now, waiting, sent = utc_now(), waiting_notices(session), backlog(session)
    oldest = min((one for one in (waiting.oldest, sent.oldest_waiting) if one), default=now)
    yield GaugeMetricFamily(
        "lakewarden_outbox_oldest_seconds",
        "Since when the oldest alert waits that no channel has taken; 0 where none does.",
        value=max(0.0, (now - oldest).total_seconds()),
    )
    by_state = GaugeMetricFamily(
        "lakewarden_deliveries", "Deliveries on record, by result.", labels=["result"]
    )
    for state in STATES:
        by_state.add_metric([state], sent.counts.get(state, 0))
    yield by_state
    found = GaugeMetricFamily(
        "lakewarden_incidents",
        "Incidents by severity and state; waived ones are a state of their own.",
        labels=["lake", "severity", "state"],
    )
    ending = GaugeMetricFamily(
        "lakewarden_waivers_ending",
        "Waivers made by API or command line whose last day is today or tomorrow.",
        labels=["lake"],
    )
    soon = {(now + timedelta(days=days)).date().isoformat() for days in (0, 1)}
    for lake in lakes:
        counts: dict[tuple[str, str], int] = {}
        for (severity, state, waived), count in count_incidents(session, lake).items():
            key = (severity, "waived" if waived else state)
            counts[key] = counts.get(key, 0) + count
        for (severity, state), count in sorted(counts.items()):
            found.add_metric([lake, severity, state], count)
        made = waivers_of_lake(session, lake)
        ending.add_metric([lake], sum(one.expires in soon for one in made))
    yield found
    yield ending


def _newest_runs(newest: Iterable[OpenRun]) -> Iterator[Metric]:
    age = GaugeMetricFamily(
        "lakewarden_run_age_seconds", "Since when the newest whole run ended.", labels=["lake"]
    )
    lasted = GaugeMetricFamily(
        "lakewarden_run_seconds", "How long the newest whole run took.", labels=["lake"]
    )
    code = GaugeMetricFamily(
        "lakewarden_run_exit_code",
        "0 clean, 1 exposures, 2 could not judge all, of the newest whole run.",
        labels=["lake"],
    )
    complete = GaugeMetricFamily(
        "lakewarden_crawl_complete",
        "Whether the newest whole run read and judged everything.",
        labels=["lake"],
    )
    gaps = GaugeMetricFamily(
        "lakewarden_gaps", "What the newest whole run could not read or judge.", labels=["lake"]
    )
    by_severity = GaugeMetricFamily(
        "lakewarden_exposures",
        "Exposures of the newest whole run, by severity.",
        labels=["lake", "severity"],
    )
    by_kind = GaugeMetricFamily(
        "lakewarden_exposures_by_kind",
        "Exposures of the newest whole run, by kind; one may be of several.",
        labels=["lake", "kind"],
    )
    tables = GaugeMetricFamily(
        "lakewarden_exposed_tables", "Tables with an exposure, of the newest run.", labels=["lake"]
    )
    now = utc_now()
    for opened in newest:
        run, posture = opened.run, opened.posture
        if run.finished_at is not None:
            age.add_metric([run.lake], (now - run.finished_at).total_seconds())
            lasted.add_metric([run.lake], (run.finished_at - run.started_at).total_seconds())
        code.add_metric([run.lake], run.exit_code or 0)
        complete.add_metric([run.lake], int(posture["complete"]))
        gaps.add_metric([run.lake], len(posture["gaps"]))
        exposures = posture["exposures"]
        tables.add_metric([run.lake], exposures["tables"])
        for severity, count in exposures["by_severity"].items():
            by_severity.add_metric([run.lake, severity], count)
        for kind, count in exposures["by_kind"].items():
            by_kind.add_metric([run.lake, kind], count)
    yield from (age, lasted, code, complete, gaps, tables, by_severity, by_kind)
