"""Types a file of HiveQL into HiveServer2: load.py FILE HOST PORT.

A line `-- as NAME` begins a session of that user; statements end with `;` at a line's end.
Does nothing when the file's first database is there already.
"""

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from pyhive import hive


def sessions(text: str) -> Iterator[tuple[str, list[str]]]:
    """Each user in turn, and his statements."""
    for part in re.split(r"^-- as ", text, flags=re.MULTILINE)[1:]:
        user, _, rest = part.partition("\n")
        lines = [line for line in rest.splitlines() if not line.startswith("--")]
        statements = re.split(r";\s*$", "\n".join(lines), flags=re.MULTILINE)
        yield user.strip(), [each.strip() for each in statements if each.strip()]


def main() -> None:
    """Load the file, unless it was loaded before. Raises what Hive answers."""
    file, host, port = sys.argv[1:4]
    text = Path(file).read_text(encoding="utf-8")
    first = re.search(r"CREATE DATABASE (\w+)", text)
    for user, statements in sessions(text):
        with hive.connect(host=host, port=int(port), username=user, auth="NONE") as connection:
            cursor = connection.cursor()
            cursor.execute("SHOW DATABASES")
            there = {name for (name,) in cursor.fetchall()}
            if user == next(sessions(text))[0] and first and first[1] in there:
                print("the lake is there already")
                return
            for statement in statements:
                cursor.execute(statement)
    print("the lake is loaded")


if __name__ == "__main__":
    main()
