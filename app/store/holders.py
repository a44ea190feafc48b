"""Who holds a lease: a process on a host, and whether it is still there."""

import os
import socket
from functools import cache
from pathlib import Path

from app.store.identifiers import random_text

_DEAD_STATES = ("Z", "X", "x")


def new_holder() -> str:
    """A name for one holder: host, boot, process namespace, process, its start, chance."""
    return "/".join((*_here(), str(os.getpid()), _start(os.getpid()) or "-", random_text(8)))


def is_gone(holder: str) -> bool:
    """Whether the holder's process has certainly ended: only known for this very host."""
    *place, process, start, _ = holder.split("/")
    if tuple(place) != _here() or start == "-":
        return False
    return _start(int(process)) != start


def said(holder: str) -> str:
    """The holder in words."""
    host, _, _, process, *_ = holder.split("/")
    return f"process {process} on {host}"


@cache
def _here() -> tuple[str, str, str]:
    return (
        socket.gethostname().replace("/", "-"),
        _read("/proc/sys/kernel/random/boot_id").replace("-", "")[:12] or "-",
        _namespace(),
    )


def _namespace() -> str:
    """Two containers may share a host's name, and never its process numbers."""
    try:
        return os.readlink("/proc/self/ns/pid").strip("pid:[]")
    except OSError:
        return "-"


def _start(process: int) -> str:
    """When the process started, in ticks since boot; empty when there is none."""
    fields = _read(f"/proc/{process}/stat").rpartition(")")[2].split()
    return "" if len(fields) < 20 or fields[0] in _DEAD_STATES else fields[19]


def _read(path: str) -> str:
    try:
        return Path(path).read_text("ascii", "replace").strip()
    except OSError:
        return ""
