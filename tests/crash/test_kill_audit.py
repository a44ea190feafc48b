"""Three kills of audits of a small lake; many of a large one are `kill_audit` by hand."""

import sqlite3
from pathlib import Path

from tests.commands.hand_lake import payroll_lake
from tests.crash.kill_audit import Ground, settings_for


def test_the_next_audit_is_right(tmp_path: Path) -> None:
    lake = payroll_lake(tmp_path / "built").write()
    closed = tmp_path / "closed.sqlite"
    closed.write_bytes(lake.metastore.read_bytes())
    connection = sqlite3.connect(closed)
    with connection:
        connection.execute("DELETE FROM TBL_PRIVS WHERE PRINCIPAL_NAME = 'public'")
    connection.close()
    ground = Ground(settings_for(tmp_path, lake.directory), [lake.metastore, closed], seed=7)
    for _ in range(3):
        ground.kill_one()
    assert "3 kills" in str(ground.tally)
