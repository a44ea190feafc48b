"""What an audit does with the state database, killed at a named moment if wanted."""

import os
import signal
import sys
from datetime import UTC, datetime

from app.store.database import connect, session_scope
from app.store.lease_keeping import kept_lease
from app.store.leases import audit_lease
from app.store.runs import begin_run, finish_run
from app.store.snapshots import record_snapshot

MOMENTS = ("leased", "beginning", "begun", "recorded", "finishing", "finished")


def audit(url: str, content: str, killed_at: str = "") -> str:
    """Record an audit that saw `content`; the run's id comes back."""

    def reach(moment: str) -> None:
        if moment == killed_at:
            os.kill(os.getpid(), signal.SIGKILL)

    database = connect(url)
    with kept_lease(database, audit_lease("prod")) as lease:
        reach("leased")
        with session_scope(database) as session:
            run = begin_run(session, lake="prod", holder=lease.holder)
            reach("beginning")
        reach("begun")
        with session_scope(database) as session:
            record_snapshot(
                session,
                lake="prod",
                content_hash=content,
                path=content,
                taken_at=datetime.now(UTC),
                counts={},
                source="s",
            )
            reach("recorded")
            finish_run(
                session,
                run.id,
                exit_code=0,
                snapshot=content,
                mode="off",
                policies_digest="d",
                summary={},
                results_path=None,
            )
            reach("finishing")
        reach("finished")
    database.close()
    return run.id


if __name__ == "__main__":
    audit(*sys.argv[1:])
