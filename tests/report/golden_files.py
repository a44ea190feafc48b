"""The golden files, and how each is made. `python -m tests.report.golden_files` rewrites them.

Read the difference before it is committed: a golden file says what people see.
"""

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

from app.core.run_report import RunReport
from app.report.registry import render
from tests.report.reports_by_hand import clean_report, empty_report, gaps_report, hostile_report

GOLDEN = Path(__file__).parent / "golden"

_REPORTS: dict[str, Callable[[], RunReport]] = {
    "hostile": hostile_report,
    "empty": empty_report,
    "gaps": gaps_report,
    "clean": clean_report,
}


def _made(name: str, report: RunReport, *, colour: bool = False, width: int = 100) -> bytes:
    out = BytesIO()
    render(name, report, out, colour=colour, width=width)
    return out.getvalue()


def golden_files() -> dict[str, bytes]:
    """Every golden file's name and what it should hold now."""
    found: dict[str, bytes] = {}
    for name, report in _REPORTS.items():
        found[f"{name}.txt"] = _made("text", report(), width=80)
        found[f"{name}.html"] = _made("html", report())
        found[f"{name}.json"] = _made("json", report())
    found["hostile_coloured.txt"] = _made("text", hostile_report(), colour=True)
    for name in ("hostile", "gaps"):
        found[f"{name}.ndjson"] = _made("ndjson", _REPORTS[name]())
        found[f"{name}.csv"] = _made("csv", _REPORTS[name]())
    return found


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for file, content in golden_files().items():
        (GOLDEN / file).write_bytes(content)
