"""The golden files of checks. `python -m tests.report.check_golden_files` rewrites them.

Read the difference before it is committed: a golden file says what people see.
"""

from pathlib import Path

from app.report.check_github import check_summary
from app.report.check_registry import CHECK_RENDERERS, CheckLook, render_check
from tests.report.check_reports_by_hand import clean_report, hostile_report, june_report

GOLDEN = Path(__file__).parent / "check_golden"

_ENDINGS = {
    "text": "txt",
    "json": "json",
    "sarif": "sarif",
    "github": "github",
    "gitlab": "gitlab.json",
    "junit": "xml",
}
_REPORTS = {"june": june_report, "clean": clean_report, "hostile": hostile_report}


def golden_files() -> dict[str, bytes]:
    """Every golden file's name and what it should hold now."""
    look = CheckLook(version="1.2.3")
    found = {
        f"{name}.{_ENDINGS[form]}": render_check(form, made(), look).encode("utf-8")
        for name, made in _REPORTS.items()
        for form in CHECK_RENDERERS
    }
    for name, made in _REPORTS.items():
        found[f"{name}.md"] = check_summary(made()).encode("utf-8")
    coloured = CheckLook(colour=True, width=80)
    found["june_coloured.txt"] = render_check("text", june_report(), coloured).encode("utf-8")
    return found


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for file, content in golden_files().items():
        (GOLDEN / file).write_bytes(content)
