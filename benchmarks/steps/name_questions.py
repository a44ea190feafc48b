"""Random users and tables of a snapshot: name_questions SNAPSHOT COUNT."""

import json
import random
import sys
from pathlib import Path

from app.core.lookup import Lookup
from app.lake.snapshot import StoredSnapshot


def main() -> None:
    """Say [[user, table], …]."""
    snapshot, count = StoredSnapshot(Path(sys.argv[1])), int(sys.argv[2])
    lookup, chance = Lookup(snapshot), random.Random(2026)
    users = snapshot.mapped("users").column("name")
    questions = []
    for table in chance.sample(range(snapshot.rows("tables")), count):
        name = lookup.table_name(table)
        user = users[chance.randrange(len(users))].as_py()
        questions.append([user, f"{name.database}.{name.table}"])
    print(json.dumps({"questions": questions}))


if __name__ == "__main__":
    main()
