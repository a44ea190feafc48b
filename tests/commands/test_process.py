"""The command as a process: exit codes, signals, pipes, terminals, and how soon it starts."""

import os
import pty
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from tests.commands.hand_lake import HandLake

LAKEWARDEN = (sys.executable, "-c", "from app.cli import main; main()")
ROOT = Path(__file__).parents[2]


def started(*arguments: str | Path, **more: Any) -> subprocess.Popen[bytes]:
    """A process of the command."""
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "COLUMNS": "100"}
    command = [*LAKEWARDEN, *map(str, arguments)]
    return subprocess.Popen(command, env=environ, stderr=subprocess.PIPE, **more)


def ended(process: subprocess.Popen[bytes]) -> tuple[int, str, str]:
    """Its exit code, standard output and standard error."""
    out, err = process.communicate(timeout=120)
    return process.returncode, (out or b"").decode(), err.decode()


def test_exit_codes_reach_the_shell(own: HandLake) -> None:
    def code(*arguments: str) -> int:
        config = ("--config", str(own.config))
        return ended(started(*arguments, *config, stdout=subprocess.PIPE))[0]

    assert code("can", "ann", "select", "plain.weather") == 0
    assert code("can", "ann", "select", "plain.nothing") == 2
    assert code("audit", "--no-crawl", "--format", "json") == 1


def test_a_reader_that_leaves_is_no_failure_of_ours(demo_config: Path) -> None:
    process = started(
        "exposures", "--limit", "20000", "--config", demo_config, stdout=subprocess.PIPE
    )
    assert process.stdout is not None
    assert process.stdout.readline().startswith(b"severity")
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(60) == 141


def test_an_audit_keeps_its_verdict_when_the_reader_leaves(own: HandLake) -> None:
    process = started("audit", "--no-crawl", "--config", own.config, stdout=subprocess.PIPE)
    assert process.stdout is not None
    process.stdout.close()
    assert process.stderr is not None
    assert process.stderr.read() == b""
    process.stderr.close()
    assert process.wait(60) == 1


def test_help_into_nothing() -> None:
    for arguments in (("--help",), ("can", "--help")):
        read, write = os.pipe()
        os.close(read)
        process = started(*arguments, stdout=write)
        os.close(write)
        assert ended(process) == (141, "", "")


def test_streams_that_are_closed(audited: HandLake) -> None:
    arguments = f"gaps --config {audited.config}"
    command = f"{sys.executable} -c 'from app.cli import main; main()' {arguments}"
    for closed in (">&-", "2>&-", ">&- 2>&-"):
        done = subprocess.run(["bash", "-c", f"{command} {closed}"], cwd=ROOT, capture_output=True)
        assert (done.returncode, done.stderr) == (0, b"")


def test_a_full_disk_is_said(audited: HandLake) -> None:
    with open("/dev/full", "wb") as full:
        process = started("exposures", "--config", audited.config, stdout=full)
        code, _, err = ended(process)
    assert (code, "No space left" in err, "Traceback" in err) == (2, True, False)


@pytest.mark.parametrize("wait", [0.6, 1.5, 2.5, 4.0])
def test_ctrl_c_ends_an_audit_cleanly(demo_config: Path, wait: float) -> None:
    process = started("audit", "--config", demo_config, stdout=subprocess.PIPE)
    time.sleep(wait)
    process.send_signal(signal.SIGINT)
    code, out, err = ended(process)
    if code == 2:
        assert out.startswith("Audit of lake demo")  # it was faster
    else:
        assert (code, out, err.strip().splitlines()[-1:]) == (130, "", ["Stopped."])
    left = demo_config.parent / "snapshots" / "demo"
    assert not list(left.glob(".writing-*"))


def test_ctrl_c_ends_the_server_well(own: HandLake) -> None:
    process = started("serve", "--port", "0", "--config", own.config, stdout=subprocess.PIPE)
    assert process.stderr is not None
    lines = [process.stderr.readline() for _ in range(2)]
    assert lines[1].startswith(b"Lakewarden serves http://127.0.0.1:")
    while b"running on" not in process.stderr.readline():
        pass
    process.send_signal(signal.SIGINT)
    code, _, err = ended(process)
    assert (code, "Traceback" in err) == (0, False)


class TestATerminal:
    def run_in_one(self, *arguments: str | Path) -> tuple[int, str, str]:
        """Exit code, standard output (a pipe), and what standard error (a terminal) showed."""
        main, side = pty.openpty()
        environ = {**os.environ, "PYTHONPATH": str(ROOT), "TERM": "xterm", "COLUMNS": "80"}
        command = [*LAKEWARDEN, *map(str, arguments)]
        running = subprocess.Popen(command, env=environ, stderr=side, stdout=subprocess.PIPE)
        os.close(side)
        shown = b""
        assert running.stdout is not None
        while True:
            try:
                block = os.read(main, 65536)
            except OSError:  # the other side has gone
                break
            if not block:
                break
            shown += block
        out = running.stdout.read().decode()
        running.stdout.close()
        os.close(main)
        return running.wait(60), out, shown.decode("utf-8", "replace")

    def test_the_bar_is_shown_and_the_answer_is_not_in_it(self, own: HandLake) -> None:
        code, out, shown = self.run_in_one("audit", "--config", own.config)
        assert code == 1
        assert out.startswith("Audit of lake main")
        assert "\x1b[" in shown
        assert "Audit of lake" not in shown

    def test_answers_go_where_standard_output_goes(self, audited: HandLake) -> None:
        code, out, _ = self.run_in_one(
            "who-can", "select", "hr_payroll.salaries", "--config", audited.config
        )
        assert (code, out.startswith("2 people can select")) == (0, True)


def test_no_bar_in_a_pipe(own: HandLake) -> None:
    code, _, err = ended(
        started("audit", "--no-crawl", "--config", own.config, stdout=subprocess.PIPE)
    )
    assert (code, err) == (1, "")


def test_names_that_the_terminal_cannot_show(own: HandLake) -> None:
    own.table("plain", "日本語")
    own.grant("SELECT", "ROLE", "public", "plain.日本語")
    own.write_metastore()
    environ = {**os.environ, "PYTHONPATH": str(ROOT), "PYTHONIOENCODING": "ascii"}
    for arguments in (["audit"], ["exposures"], ["what-can", "ann"]):
        command = [*LAKEWARDEN, *arguments, "--config", str(own.config)]
        done = subprocess.run(command, env=environ, capture_output=True, timeout=120)
        assert done.returncode in (0, 1)
        assert b"Traceback" not in done.stderr


def test_help_and_can_import_little() -> None:
    heavy = ("duckdb", "sqlalchemy", "fastapi", "sqlglot", "rich", "casbin", "alembic")
    light = (*heavy, "pyarrow", "pyroaring")
    for arguments, unwanted in (("--help", light), ("can --help", light)):
        code = (
            "import sys\nfrom app.cli import main\n"
            f"try: main({arguments.split()!r})\nexcept SystemExit: pass\n"
            f"print([name for name in {unwanted!r} if name in sys.modules], file=sys.stderr)"
        )
        done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True)
        assert done.stderr.decode().strip() == "[]"
