"""Who is let in: every route with every kind of token."""

from collections.abc import Callable
from datetime import timedelta

import pytest
from fastapi.testclient import TestClient

from app.main import create_app
from app.store.database import session_scope
from app.store.identifiers import utc_now
from app.store.tokens import create_token, revoke_token
from app.web.authenticator import REMEMBERED_SECONDS, Authenticator
from tests.web.conftest import EMPTY, LAKE, Place
from tests.web.routes import every_route

READ, RUN, ADMIN, BOTH = {"read"}, {"run"}, {"admin"}, {"read", "run"}
PUBLIC: set[str] = set()

#: Every route and the scopes of which one is needed; none: no token at all.
MATRIX: dict[tuple[str, str], set[str]] = {
    ("GET", "/v1/lakes/{lake}/who-can"): READ,
    ("GET", "/v1/lakes/{lake}/explain"): READ,
    ("GET", "/v1/lakes/{lake}/can"): READ,
    ("POST", "/v1/lakes/{lake}/can"): READ,
    ("GET", "/v1/lakes/{lake}/exposures"): READ,
    ("GET", "/v1/lakes/{lake}/exposures/export"): READ,
    ("GET", "/v1/lakes/{lake}/exposures/{exposure}"): READ,
    ("GET", "/v1/lakes/{lake}/report"): READ,
    ("GET", "/v1/lakes/{lake}/what-can"): READ,
    ("GET", "/v1/lakes/{lake}/changes"): READ,
    ("GET", "/v1/lakes/{lake}/widest"): READ,
    ("GET", "/v1/lakes/{lake}/lineage"): READ,
    ("GET", "/v1/lakes/{lake}/gaps"): READ,
    ("GET", "/v1/lakes/{lake}/policies"): READ,
    ("GET", "/v1/lakes"): READ,
    ("GET", "/v1/lakes/{lake}"): READ,
    ("GET", "/v1/lakes/{lake}/snapshots"): READ,
    ("GET", "/v1/lakes/{lake}/snapshots/{snapshot}"): READ,
    ("GET", "/v1/lakes/{lake}/runs"): READ,
    ("GET", "/v1/lakes/{lake}/runs/newest"): READ,
    ("GET", "/v1/lakes/{lake}/runs/{run}"): READ,
    ("POST", "/v1/lakes/{lake}/runs"): RUN,
    ("GET", "/v1/jobs"): BOTH,
    ("GET", "/v1/jobs/{job}"): BOTH,
    ("GET", "/v1/jobs/{job}/events"): BOTH,
    ("POST", "/v1/checks"): READ,
    ("GET", "/v1/lakes/{lake}/incidents"): READ,
    ("GET", "/v1/lakes/{lake}/incidents/{key}"): READ,
    ("GET", "/v1/lakes/{lake}/incidents/{key}/events"): READ,
    ("GET", "/v1/lakes/{lake}/incidents/{key}/exposures"): READ,
    ("GET", "/v1/lakes/{lake}/incidents/{key}/plans"): READ,
    ("POST", "/v1/lakes/{lake}/incidents/{key}/acknowledge"): RUN,
    ("POST", "/v1/lakes/{lake}/incidents/{key}/claim-mended"): RUN,
    ("GET", "/v1/lakes/{lake}/waivers"): READ,
    ("POST", "/v1/lakes/{lake}/waivers"): ADMIN,
    ("POST", "/v1/lakes/{lake}/waivers/{waiver_id}/end"): ADMIN,
    ("GET", "/v1/deliveries"): READ,
    ("GET", "/v1/deliveries/{delivery_id}"): READ,
    ("POST", "/v1/deliveries/{delivery_id}/replay"): ADMIN,
    ("GET", "/v1/silences"): READ,
    ("POST", "/v1/silences"): ADMIN,
    ("POST", "/v1/silences/{silence_id}/end"): ADMIN,
    ("GET", "/v1/questions"): ADMIN,
    ("POST", "/v1/tokens"): ADMIN,
    ("GET", "/v1/tokens"): ADMIN,
    ("GET", "/v1/tokens/{public_id}"): ADMIN,
    ("POST", "/v1/tokens/{public_id}/revoke"): ADMIN,
    ("GET", "/metrics"): READ,
    ("GET", "/livez"): PUBLIC,
    ("GET", "/readyz"): PUBLIC,
    ("GET", "/"): PUBLIC,
    ("GET", "/docs"): PUBLIC,
    ("GET", "/openapi.json"): PUBLIC,
}

#: What makes a route's question whole, so that what refuses it is the token alone.
QUERIES = {
    ("GET", "/v1/lakes/{lake}/who-can"): {"right": "select", "object": "hr.salaries"},
    ("GET", "/v1/lakes/{lake}/explain"): {"right": "select", "object": "hr.salaries", "user": "x"},
    ("GET", "/v1/lakes/{lake}/can"): {"right": "select", "object": "hr.salaries", "user": "x"},
    ("GET", "/v1/lakes/{lake}/exposures/export"): {"format": "csv"},
    ("GET", "/v1/lakes/{lake}/what-can"): {"user": "x"},
    ("GET", "/v1/lakes/{lake}/changes"): {"since": "2026-01-01"},
    ("GET", "/v1/lakes/{lake}/lineage"): {"object": "hr.salaries"},
}

ClientOf = Callable[..., TestClient]


def test_the_matrix_names_every_route() -> None:
    assert set(every_route()) == set(MATRIX)


@pytest.mark.parametrize("route", MATRIX, ids=" ".join)
def test_each_route_lets_in_its_scopes_and_no_other(
    route: tuple[str, str], shared_client_of: ClientOf
) -> None:
    for scope in ("read", "run", "admin"):
        status = _asked(shared_client_of(scope), route)
        if MATRIX[route] and scope not in MATRIX[route]:
            assert status == 403, scope
        else:
            assert status not in (401, 403), scope


@pytest.mark.parametrize("route", MATRIX, ids=" ".join)
def test_each_route_asks_for_a_token(route: tuple[str, str], shared_client_of: ClientOf) -> None:
    client = shared_client_of("read", "run", "admin")
    for header in (None, "", "Bearer", "Bearer nonsense", "Basic eDp5", "Bearer lw_a_b"):
        headers: dict[str, str] = {} if header is None else {"Authorization": header}
        client.headers.pop("Authorization", None)
        assert (_asked(client, route, headers) == 401) == bool(MATRIX[route]), header


@pytest.mark.parametrize("route", [route for route in MATRIX if "{lake}" in route[1]], ids=" ".join)
def test_a_lake_that_is_not_the_tokens_is_not_there(
    route: tuple[str, str], shared_client_of: ClientOf
) -> None:
    client = shared_client_of("read", "run", "admin", lakes=[EMPTY])
    method, path = route
    address = _address(path)
    asked = QUERIES.get(route)
    known = client.request(method, address, params=asked)
    unknown = client.request(method, address.replace(LAKE, "none"), params=asked)
    assert known.status_code == unknown.status_code == 404
    assert known.json()["detail"].replace(LAKE, "none") == unknown.json()["detail"]


def test_a_limited_token_sees_its_lakes_only(client_of: ClientOf) -> None:
    mine = client_of("read", "run", lakes=[EMPTY])
    other = client_of("read", "run")
    assert [lake["name"] for lake in mine.get("/v1/lakes").json()["items"]] == [EMPTY]
    job = other.post(f"/v1/lakes/{LAKE}/runs").json()["id"]
    assert mine.get("/v1/jobs").json()["items"] == []
    assert mine.get(f"/v1/jobs/{job}").status_code == 404
    assert mine.get(f"/v1/jobs/{job}/events").status_code == 404
    assert mine.get("/v1/jobs", params={"lake": LAKE}).status_code == 404
    assert f'lake="{LAKE}"' not in mine.get("/metrics").text
    assert f'lake="{LAKE}"' in other.get("/metrics").text


def test_a_revoked_token_is_refused_at_once_where_it_was_revoked(client_of: ClientOf) -> None:
    admin, reader = client_of("admin"), client_of("read")
    assert reader.get("/v1/lakes").status_code == 200
    public_id = reader.headers["Authorization"].split("_")[1]
    assert admin.post(f"/v1/tokens/{public_id}/revoke").status_code == 200
    refused = reader.get("/v1/lakes")
    assert refused.status_code == 401
    assert refused.json()["type"] == "urn:lakewarden:problem:token-refused"
    assert 'error="invalid_token"' in refused.headers["www-authenticate"]


def test_a_token_revoked_elsewhere_is_remembered_for_a_second(place: Place) -> None:
    clock = [0.0]
    authenticator = Authenticator(
        place.database, place.services.pepper, lambda _: None, clock=lambda: clock[0]
    )
    text = place.token("read")
    token = authenticator.look_up(text)
    with session_scope(place.database) as session:
        revoke_token(session, token.public_id)
    assert authenticator.recall(text) == token
    clock[0] += REMEMBERED_SECONDS
    assert authenticator.recall(text) is None
    assert REMEMBERED_SECONDS <= 1


def test_a_token_that_expires_is_not_remembered_longer(place: Place) -> None:
    moment = utc_now()
    with session_scope(place.database) as session:
        made = create_token(
            session,
            name="short",
            scopes={"read"},
            expires_at=moment + timedelta(milliseconds=500),
            pepper=place.services.pepper,
            now=moment,
        )
    now = [moment]
    authenticator = Authenticator(
        place.database, place.services.pepper, lambda _: None, now=lambda: now[0]
    )
    authenticator.look_up(made.plaintext)
    assert authenticator.recall(made.plaintext) is not None
    now[0] += timedelta(milliseconds=500)
    assert authenticator.recall(made.plaintext) is None


@pytest.mark.parametrize(
    ("client_host", "headers", "status"),
    [
        ("127.0.0.1", {"Host": "127.0.0.1:8420"}, 200),
        ("::1", {"Host": "[::1]:8420"}, 200),
        ("127.0.0.1", {"Host": "localhost"}, 200),
        ("10.0.0.7", {"Host": "127.0.0.1:8420"}, 401),
        ("127.0.0.1", {"Host": "attacker.example:8420"}, 401),
        ("127.0.0.1", {"Host": "localhost", "X-Forwarded-For": "10.0.0.7"}, 401),
        ("127.0.0.1", {"Host": "localhost", "Authorization": "Bearer x"}, 401),
    ],
)
def test_measures_need_no_token_from_this_machine_itself(
    place: Place, client_host: str, headers: dict[str, str], status: int
) -> None:
    client = TestClient(create_app(place.services), client=(client_host, 5000))
    assert client.get("/metrics", headers=headers).status_code == status
    assert client.get("/v1/lakes", headers=headers).status_code == 401


def _asked(
    client: TestClient, route: tuple[str, str], headers: dict[str, str] | None = None
) -> int:
    method, path = route
    answer = client.request(method, _address(path), params=QUERIES.get(route), headers=headers)
    return answer.status_code


def _address(path: str) -> str:
    values = {"lake": LAKE, "exposure": "0" * 16, "key": "0" * 16}
    for name in ("snapshot", "run", "job", "public_id", "waiver_id", "delivery_id", "silence_id"):
        values[name] = "20260612T081530123456-7kq2mx"
    return path.format(**values)
