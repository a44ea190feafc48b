"""The formats of a check, by name. A new one is its file and a line here."""

from collections.abc import Callable

from app.core.errors import SettingsError
from app.core.findings import CheckReport
from app.core.frozen import frozen
from app.core.names import show


@frozen
class CheckLook:
    """What a format may need beside the report. version: Lakewarden's own."""

    version: str = ""
    colour: bool = False
    width: int = 100


Render = Callable[[CheckReport, CheckLook], str]


def _text(report: CheckReport, look: CheckLook) -> str:
    from app.report.check_text import check_text

    return check_text(report, colour=look.colour, width=look.width)


def _json(report: CheckReport, look: CheckLook) -> str:
    from app.report.check_json import check_json

    return check_json(report)


def _sarif(report: CheckReport, look: CheckLook) -> str:
    from app.report.check_sarif import check_sarif

    return check_sarif(report, look.version)


def _github(report: CheckReport, look: CheckLook) -> str:
    from app.report.check_github import check_github

    return check_github(report)


def _gitlab(report: CheckReport, look: CheckLook) -> str:
    from app.report.check_gitlab import check_gitlab

    return check_gitlab(report)


def _junit(report: CheckReport, look: CheckLook) -> str:
    from app.report.check_junit import check_junit

    return check_junit(report)


#: Each format is imported when it is asked for: a check must start at once.
CHECK_RENDERERS: dict[str, Render] = {
    "text": _text,
    "json": _json,
    "sarif": _sarif,
    "github": _github,
    "gitlab": _gitlab,
    "junit": _junit,
}


def render_check(name: str, report: CheckReport, look: CheckLook | None = None) -> str:
    """A report in one format. Raises SettingsError for a format that is none."""
    if name not in CHECK_RENDERERS:
        raise SettingsError(
            f"{show(name)!r} is no format of a check",
            mend=f"Formats: {', '.join(CHECK_RENDERERS)}",
        )
    return CHECK_RENDERERS[name](report, look or CheckLook())
