"""`make run` in a fresh clone, up to the printed report, against installing its packages."""

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.figures import Bar, Figure, Measured, Table, seconds
from benchmarks.process import REPOSITORY, ProcessFailedError, run_command
from benchmarks.rounds import alternate, median
from benchmarks.setting import Setting

TITLE = "`make run` from an empty directory"

#: Each run fetches every package again, so there are fewer of them.
_RUNS = 3

#: What `lakewarden demo` says below its report.
_END_OF_REPORT = "Built, crawled and audited in"


def measure(setting: Setting) -> Measured:
    """Install alone and `make run`, each in a clone of its own, in turn."""
    taken = alternate({"make setup": _set_up, "make run": _run_to_report}, min(setting.runs, _RUNS))
    install, run = (median(taken[name]) for name in ("make setup", "make run"))
    rows = [
        (str(turn + 1), seconds(ours), seconds(alone))
        for turn, (ours, alone) in enumerate(
            zip(taken["make run"], taken["make setup"], strict=True)
        )
    ]
    return Measured(
        TITLE,
        (
            Figure(
                "`make run` to the printed report",
                seconds(run),
                f"{seconds(install)} (`make setup`)",
                run / install,
                Bar(2),
            ),
        ),
        (
            "Each in a fresh `git clone` of the last commit in an empty folder, with an empty "
            "cache of pip, the packages fetched from the package index that pip is set up for. "
            "**Ours:** `make run`: making the environment, installing, building, crawling and "
            "auditing the demonstration lake, and printing the report; the clock stops at its "
            "last line, before the API is served. **Against:** `make setup` alone, which is the "
            "first part of the same.",
        ),
        (Table("Every round", ("Round", "make run", "make setup"), rows),),
    )


def _set_up() -> float:
    with tempfile.TemporaryDirectory(prefix="lakewarden-clone-") as folder:
        clone, environment = _clone(Path(folder))
        return run_command(_make("setup"), folder=clone, environment=environment).seconds


def _run_to_report() -> float:
    with tempfile.TemporaryDirectory(prefix="lakewarden-clone-") as folder:
        clone, environment = _clone(Path(folder))
        complaints = Path(folder, "complaints")
        began = time.perf_counter()
        process = subprocess.Popen(
            _make("run"),
            cwd=clone,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=complaints.open("w"),
            text=True,
            start_new_session=True,
        )
        try:
            assert process.stdout is not None
            for line in process.stdout:
                if line.startswith(_END_OF_REPORT):
                    return time.perf_counter() - began
        finally:
            _end(process)
        raise ProcessFailedError(f"make run gave no report:\n{complaints.read_text()}")


def _end(process: "subprocess.Popen[str]") -> None:
    """As Ctrl-C would, to make and all that it started."""
    if process.poll() is None:
        os.killpg(process.pid, signal.SIGINT)
    process.communicate(timeout=60)


def _clone(folder: Path) -> tuple[Path, dict[str, str]]:
    """A clone, and an environment whose pip cache is empty and whose venv is nobody's."""
    clone = folder / "lakewarden"
    run_command(["git", "clone", "--quiet", "--no-local", REPOSITORY, clone])
    environment = {
        name: value
        for name, value in os.environ.items()
        if name not in ("VIRTUAL_ENV", "PYTHONPATH", "LAKEWARDEN_CONFIG")
    }
    return clone, {**environment, "PIP_CACHE_DIR": str(folder / "pip-cache")}


def _make(target: str) -> Sequence[str | Path]:
    interpreter = Path(sys.base_prefix) / "bin" / f"python3.{sys.version_info.minor}"
    return ["make", target, f"PYTHON={interpreter}"]
