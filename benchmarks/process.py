"""Fresh processes, timed from the outside, and what they say of themselves."""

import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

REPOSITORY = Path(__file__).resolve().parent.parent

#: The interpreter that runs this, and the command that is installed beside it.
PYTHON = Path(sys.executable)
LAKEWARDEN = PYTHON.with_name("lakewarden")


class ProcessFailedError(RuntimeError):
    """A process that was to be timed did not end well."""


@dataclass(frozen=True, slots=True)
class Finished:
    """A process that ended: from its start to its end, and the CPU time it took."""

    seconds: float
    cpu_seconds: float
    output: str

    @property
    def said(self) -> dict[str, Any]:
        """What a step of `benchmarks.steps` says in its last line."""
        answer: dict[str, Any] = json.loads(self.output.splitlines()[-1])
        return answer


def run_step(name: str, *arguments: object) -> Finished:
    """Run a module of `benchmarks.steps` in a fresh interpreter, on this checkout."""
    return run_command(
        [PYTHON, "-m", f"benchmarks.steps.{name}", *(str(each) for each in arguments)],
        folder=REPOSITORY,
    )


def run_command(
    command: Sequence[str | Path],
    *,
    folder: Path | None = None,
    environment: Mapping[str, str] | None = None,
    good: Sequence[int] = (0,),
) -> Finished:
    """Run a command to its end. Raises ProcessFailedError with what it complained about."""
    with tempfile.TemporaryFile() as complaints:
        began = time.perf_counter()
        process = subprocess.Popen(
            command,
            cwd=folder,
            env=None if environment is None else dict(environment),
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=complaints,
        )
        assert process.stdout is not None
        try:
            output = process.stdout.read()
            _, status, usage = os.wait4(process.pid, 0)
        except BaseException:
            process.kill()
            process.wait()
            raise
        took = time.perf_counter() - began
        process.stdout.close()
        process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode not in good:
            complaints.seek(0)
            said = complaints.read().decode(errors="replace")
            called = " ".join(str(each) for each in command)
            raise ProcessFailedError(f"{called} ended with {process.returncode}:\n{said}")
    return Finished(took, usage.ru_utime + usage.ru_stime, output.decode())


def peak_mb() -> float:
    """The most memory that this process ever had resident, shared pages included.

    Not `ru_maxrss`, which begins with the size of the process that started this one.
    """
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) * 1024 / 1e6
    raise RuntimeError("this system does not tell a process's peak memory")
