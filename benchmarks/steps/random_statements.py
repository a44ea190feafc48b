"""Random grants and revokes on a lake: random_statements SNAPSHOT COUNT FOLDER.

Writes `change.sql`, COUNT statements of which two in five are revokes of rows that are
there, and `one-N.sql`, twenty files of a single grant. Says their names.
"""

import json
import random
import sys
from pathlib import Path

from app.core.lookup import Lookup
from app.lake.snapshot import StoredSnapshot

_SINGLE = 20


def main() -> None:
    """Draw, write, say."""
    snapshot, count, folder = sys.argv[1], int(sys.argv[2]), Path(sys.argv[3])
    drawn = _Drawn(Lookup(StoredSnapshot(Path(snapshot))))
    change = folder / "change.sql"
    change.write_text("".join(drawn.statement() for _ in range(count)), encoding="utf-8")
    singles = [folder / f"one-{number}.sql" for number in range(_SINGLE)]
    for file in singles:
        file.write_text(drawn.grant(), encoding="utf-8")
    print(json.dumps({"change": str(change), "singles": [str(file) for file in singles]}))


class _Drawn:
    """Statements about what the lake has."""

    def __init__(self, lookup: Lookup) -> None:
        self._lookup = lookup
        self._chance = random.Random(2026)

    def statement(self) -> str:
        """A grant or a revoke."""
        return self.grant() if self._chance.random() < 0.6 else self.revoke()

    def grant(self) -> str:
        """A privilege on a table to a user or role."""
        chance = self._chance
        kind = chance.choice(("ROLE", "USER"))
        names = self._lookup.rows("roles" if kind == "ROLE" else "users")
        who = names.value("name", chance.randrange(names.count))
        privilege = chance.choice(("SELECT", "SELECT", "INSERT", "UPDATE"))
        option = " WITH GRANT OPTION" if chance.random() < 0.05 else ""
        return (
            f"GRANT {privilege} ON TABLE {self._name(self._table())} TO {kind} `{who}`{option};\n"
        )

    def revoke(self) -> str:
        """A row of some table."""
        while True:
            table = self._table()
            rows = self._lookup.table_grants(table, ()).grants
            if rows:
                row = self._chance.choice(rows)
                return (
                    f"REVOKE {row.privilege} ON TABLE {self._name(table)} "
                    f"FROM {row.principal_type} `{row.principal}`;\n"
                )

    def _table(self) -> int:
        return self._chance.randrange(self._lookup.rows("tables").count)

    def _name(self, table: int) -> str:
        name = self._lookup.table_name(table)
        return f"{name.database}.{name.table}"


if __name__ == "__main__":
    main()
