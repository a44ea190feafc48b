"""The grants of a file of statements as JSON: grants_as_json FILE TARGET."""

import json
import sys
from collections.abc import Iterator
from pathlib import Path

from app.core.statements.reading import read_statements
from app.core.statements.types import Grant, Revoke


def main() -> None:
    """Read, write, say how many."""
    file, target = Path(sys.argv[1]), Path(sys.argv[2])
    rows = list(_rows(file.read_text("utf-8"), file.name))
    target.write_text(json.dumps({"grants": rows}), encoding="utf-8")
    print(json.dumps({"grants": len(rows)}))


def _rows(text: str, name: str) -> Iterator[dict[str, object]]:
    for each in read_statements(text, file=name, dialect="hive"):
        if not isinstance(each, Grant | Revoke) or each.object is None:
            continue
        for principal in each.principals:
            yield {
                "statement": each.number,
                "verb": type(each).__name__.upper(),
                "privileges": [privilege.name for privilege in each.privileges],
                "database": each.object.database,
                "table": each.object.name,
                "kind": principal.kind,
                "principal": principal.name,
            }


if __name__ == "__main__":
    main()
