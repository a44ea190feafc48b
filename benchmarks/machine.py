"""The machine that figures were taken on, without its name."""

import os
import platform
from datetime import UTC, datetime
from importlib.metadata import version
from pathlib import Path

_PACKAGES = ("duckdb", "pyarrow", "pycasbin", "pyroaring", "fastapi", "uvicorn")


def describe_machine() -> list[tuple[str, str]]:
    """What matters of it, as pairs of a word and what there is to say."""
    packages = ", ".join(f"{name} {version(name)}" for name in _PACKAGES)
    system = platform.freedesktop_os_release().get("PRETTY_NAME", platform.system())
    return [
        ("Processor", f"{_processor()}, {len(os.sched_getaffinity(0))} cores to use"),
        ("Memory", f"{_memory_gb():.0f} GB"),
        ("System", f"{system}, {platform.system()} {platform.release().split('-')[0]}"),
        ("Python", f"{platform.python_implementation()} {platform.python_version()}"),
        ("Packages", packages),
    ]


def load_now() -> str:
    """How busy the machine is: over 1, 5 and 15 minutes."""
    return ", ".join(f"{each:.1f}" for each in os.getloadavg())


def today() -> str:
    """The day, in UTC."""
    return datetime.now(UTC).strftime("%Y-%m-%d")


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _memory_gb() -> float:
    return os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
