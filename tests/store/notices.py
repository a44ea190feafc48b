"""Notices made by hand, and a process that works through the outbox until it is killed."""

import os
import sys
import time
from pathlib import Path

from app.core.incidents import Notice
from app.store.database import connect, session_scope
from app.store.holders import new_holder
from app.store.outbox import claim_notices, mark_done, waiting_notices


def notice(incident: str, sequence: int) -> Notice:
    """A notice of an incident's life."""
    return Notice(
        id=f"{incident}-{sequence}",
        kind="grown",
        lake="prod",
        incident=incident,
        sequence=sequence,
        at="2026-06-12T08:15:30Z",
        run="run",
        actor="",
        severity="SEV0",
        classes=("payroll",),
        kinds=("everyone",),
        title="words",
        data={"people": 7},
    )


def work(url: str, log: Path) -> None:
    """Work through the outbox; each notice that is worked on is a line of the log."""
    database, holder = connect(url), new_holder()
    with log.open("a", buffering=1) as file:
        while True:
            with session_scope(database) as session:
                found = claim_notices(session, holder, 3, 60.0)
                left = waiting_notices(session).count
            if not found and not left:
                return
            for each in found:
                file.write(f"{os.getpid()} began {each.id}\n")
                time.sleep(0.002)
                with session_scope(database) as session:
                    mark_done(session, [each.id], holder)
                file.write(f"{os.getpid()} ended {each.id}\n")
            if not found:
                time.sleep(0.005)


if __name__ == "__main__":
    work(sys.argv[1], Path(sys.argv[2]))
