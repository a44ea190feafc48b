"""Runs the command line within the test's process, and keeps what it said."""

import contextlib
import io
import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.cli import main


@dataclass(frozen=True)
class Ran:
    """What a command came to."""

    code: int
    out: str
    err: str

    @property
    def json(self) -> Any:
        """Its standard output, read."""
        return json.loads(self.out)

    @property
    def lines(self) -> list[str]:
        """Its standard output by line."""
        return self.out.splitlines()


def run(*arguments: str | Path, config: Path | None = None, stdin: bytes = b"") -> Ran:
    """Run `lakewarden` with some arguments, and a settings file where one is given."""
    given = [str(each) for each in arguments]
    if config is not None:
        given += ["--config", str(config)]
    out, err, source = (io.TextIOWrapper(io.BytesIO(start), "utf-8") for start in (b"", b"", stdin))
    before = sys.stdin
    sys.stdin = source
    code: Any = None
    try:
        with contextlib.redirect_stdout(out), contextlib.redirect_stderr(err):
            main(given)
    except SystemExit as done:
        code = done.code
    finally:
        sys.stdin = before
    ran = Ran(code, _text(out), _text(err))
    assert "Traceback" not in ran.err, ran.err
    return ran


def _text(stream: io.TextIOWrapper) -> str:
    stream.flush()
    written: Any = stream.buffer
    return bytes(written.getvalue()).decode("utf-8")
