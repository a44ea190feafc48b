"""Where the server may listen, and how it ends."""

import os
import signal
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import pytest

from app.core.errors import SettingsError
from app.web.serving import check_may_serve
from tests.web.conftest import Place


@pytest.mark.parametrize("host", ["127.0.0.1", "127.9.9.9", "::1", "[::1]", "localhost"])
def test_this_machine_alone_may_always_be_served(host: str) -> None:
    check_may_serve(host, has_tokens=False)


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "", "10.0.0.7", "lake.example", "192.168.1.2"])
def test_others_only_where_a_token_lets_somebody_in(host: str) -> None:
    check_may_serve(host, has_tokens=True)
    with pytest.raises(SettingsError, match="token"):
        check_may_serve(host, has_tokens=False)


_SERVE = """
import sys
from pathlib import Path
from app import wiring
from app.main import create_app
from app.serving import services
from app.settings import load_settings
from app.web.serving import serve

settings = load_settings(Path(sys.argv[1]), {})
with wiring.opened_state(settings) as database:
    serve(create_app(services(settings, database)), "127.0.0.1", int(sys.argv[2]))
print("ended")
"""


@pytest.mark.parametrize("ending", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_well(place: Place, ending: signal.Signals) -> None:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    root = Path(__file__).parents[2]
    process = subprocess.Popen(
        [sys.executable, "-c", _SERVE, str(place.folder / "lakewarden.toml"), str(port)],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        token = place.token("read", "run")
        _ask(port, "/readyz", token)
        job = _ask(port, "/v1/lakes/main/runs", token, method="POST")
        assert '"queued"' in job
        process.send_signal(ending)
        said, errors = process.communicate(timeout=40)
    finally:
        process.kill()
        process.wait()
    if ending is signal.SIGINT:
        assert process.returncode == 0
        assert said == "ended\n"
    assert "Traceback" not in errors


def _ask(port: int, path: str, token: str, method: str = "GET") -> str:
    request = urllib.request.Request(
        f"http://127.0.0.1:{port}{path}",
        headers={"Authorization": f"Bearer {token}"},
        method=method,
    )
    deadline = time.monotonic() + 30
    while True:
        try:
            with urllib.request.urlopen(request, timeout=10) as answer:
                assert "server" not in answer.headers
                return str(answer.read().decode())
        except ConnectionError:
            raise
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.1)
