"""Whether the server is well, by its own word and by its measures."""

from fastapi.testclient import TestClient
from prometheus_client.parser import text_string_to_metric_families

from app.main import create_app
from tests.web.conftest import LAKE, Place
from tests.web.monitored_lake import OPEN_TABLES
from tests.web.test_problems import problem_in


def test_it_lives_and_is_ready(client: TestClient) -> None:
    assert client.get("/livez").json() == {"status": "alive"}
    assert client.get("/readyz").json() == {"status": "ready"}
    for address in ("/readyz?verbose", "/readyz?verbose=true"):
        said = client.get(address).json()
        assert [one["ready"] for one in said["checks"]] == [True] * 3
        assert LAKE not in str(said)
    problem_in(client.get("/readyz?verbose=1"), 422, "invalid-request")
    problem_in(client.get("/livez?x=1"), 422, "invalid-request")


def test_it_is_not_ready_without_its_threads_or_its_database(place: Place) -> None:
    client = TestClient(create_app(place.services))
    document = problem_in(client.get("/readyz"), 503, "not-ready")
    assert "jobs" in document.detail
    with TestClient(create_app(place.services)) as client:
        (place.folder / "data" / "state.db").rename(place.folder / "moved.db")
        place.database.close()
        document = problem_in(client.get("/readyz"), 503, "not-ready")
        assert "state database" in document.detail
        (place.folder / "moved.db").rename(place.folder / "data" / "state.db")


def test_the_measures_say_how_the_lake_stands(client: TestClient) -> None:
    client.get(f"/v1/lakes/{LAKE}/gaps")
    client.get(f"/v1/lakes/{LAKE}/gaps")
    client.get("/v1/lakes/none/gaps")
    client.request("BREW", "/v1/coffee")
    found: dict[tuple[str, frozenset[tuple[str, str]]], float] = {}
    answer = client.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    for family in text_string_to_metric_families(answer.text):
        for sample in family.samples:
            found[sample.name, frozenset(sample.labels.items())] = sample.value

    def value(name: str, **labels: str) -> float:
        return found[f"lakewarden_{name}", frozenset(labels.items())]

    assert value("exposures", lake=LAKE, severity="SEV0") == OPEN_TABLES
    assert value("exposures_by_kind", lake=LAKE, kind="everyone") >= OPEN_TABLES
    assert value("crawl_complete", lake=LAKE) == 1
    assert value("gaps", lake=LAKE) == 0
    assert value("run_exit_code", lake=LAKE) == 1
    assert value("runs", lake=LAKE, state="whole") == 1
    assert 0 <= value("snapshot_age_seconds", lake=LAKE) < 3600
    assert 0 <= value("run_age_seconds", lake=LAKE) < 3600
    gaps = {"method": "GET", "route": "/v1/lakes/{lake}/gaps"}
    assert value("http_requests_total", status="200", **gaps) == 2
    assert value("http_requests_total", status="404", **gaps) == 1
    assert value("http_request_seconds_count", **gaps) == 3
    assert value("http_requests_total", method="OTHER", route="(no route)", status="404") == 1
    assert value("build", version=client.app.version) == 1  # type: ignore[attr-defined]
