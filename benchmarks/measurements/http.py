"""who-can and explain over HTTP on lake L, against prepared rows of the same app."""

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from benchmarks.figures import Bar, Figure, Measured, Table, number, seconds
from benchmarks.process import PYTHON, REPOSITORY, ProcessFailedError, run_step
from benchmarks.rounds import alternate, median, say
from benchmarks.scratch import Scratch, scratch
from benchmarks.setting import Setting
from tests.postgres_cluster import wait_for_port

TITLE = "Questions over HTTP on lake L"
SECONDS_EACH = 4
_KINDS = {"who-can": "`who-can`, a page of 50", "explain": "`explain`"}


def measure(setting: Setting) -> Measured:
    """A fresh server a run; on each, the two questions and their prepared answers in turn."""
    with scratch(setting.lake) as data:
        say("  an audit to ask about")
        run_step("audit", data.config)
        seeds = iter(range(1, setting.runs + 1))
        taken = alternate(
            {"server and client": lambda: _served(setting, data, next(seeds))}, setting.runs
        )["server and client"]

    def of(side: str, what: str) -> float:
        return median([value for run in taken for value in run["sides"][side][what]])

    figures = []
    for kind, shown in _KINDS.items():
        ours, against = of(kind, "a_second"), of(f"prepared {kind}", "a_second")
        figures.append(
            Figure(
                f"{shown}, on random tables",
                f"{number(ours)} requests a second",
                f"{number(against)} (prepared rows)",
                ours / against,
                Bar(0.5, at_least=True),
            )
        )
    sides = [side for kind in _KINDS for side in (kind, f"prepared {kind}")]
    rows = [
        (
            side,
            number(of(side, "a_second")),
            seconds(of(side, "median")),
            seconds(of(side, "p99")),
            number(of(side, "bytes")),
        )
        for side in sides
    ]
    holders = median([run["rows"] for run in taken])
    paths = median([run["paths"] for run in taken])
    header = ("", "Requests a second", "Median", "99 of 100 within", "Bytes")
    return Measured(
        TITLE,
        figures,
        (
            "**Asked:** `GET /v1/lakes/L/who-can?right=select&limit=50` and `…/explain` with a "
            "bearer token, over four kept-open connections on loopback, by a client in a process "
            "of its own that parses nothing. Tables are drawn from all of L and none comes twice "
            "to one server, so nothing about a table is remembered; half of the users asked about "
            "in `explain` are drawn from the principals of the table's own grants, the others "
            f"from all. An answer of who-can held {number(holders)} people on average, one of "
            f"explain {number(paths)} paths. {SECONDS_EACH} seconds each, in turn, on a fresh "
            "server a run that has answered 100 of each before.",
            "**Against:** a route of the same application, made with the product's `create_app` "
            "and added by `benchmarks/steps/serve.py` before all others: the same token check, "
            "envelope and trail of questions, the same kind of function, and as its answer one of "
            "100 real answers, prepared as Python objects and written as JSON each time. One "
            "`uvicorn` process, as `lakewarden serve` runs it.",
        ),
        (Table("Both questions and both prepared answers", header, rows),),
    )


def _served(setting: Setting, data: Scratch, seed: int) -> dict[str, Any]:
    prepared = data.data / "prepared.json"
    with _server(data, str(prepared)) as said:
        return run_step(
            "ask",
            setting.lake.snapshot,
            said["port"],
            said["token"],
            prepared,
            SECONDS_EACH,
            1,
            seed,
        ).said


@contextmanager
def _server(data: Scratch, prepared: str) -> Iterator[dict[str, Any]]:
    command: list[str | Path] = [PYTHON, "-m", "benchmarks.steps.serve", data.config, prepared]
    process = subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE)
    try:
        assert process.stdout is not None
        first = process.stdout.readline()
        if not first:
            raise ProcessFailedError("the server did not start; what it said stands above")
        said: dict[str, Any] = json.loads(first)
        wait_for_port(said["port"])
        yield said
    finally:
        process.terminate()
        process.communicate(timeout=60)
