"""Reading 1,000 statements, ours against sqlfluff's parser: python -m benchmarks.statements.

Each side reads the same text in an interpreter of its own, turn about; the medians are
printed. Cold includes importing the reader, warm is the second reading.
"""

import json
import sys
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from benchmarks.process import PYTHON, REPOSITORY, run_command

STATEMENTS = 1_000
ROUNDS = 5
_FORMS = (
    "GRANT SELECT ON TABLE hr_payroll.salaries_{0} TO ROLE analysts_{0}, USER ann_{0};",
    "GRANT ALL ON TABLE crm.accounts_{0} TO USER bob_{0} WITH GRANT OPTION;",
    "REVOKE SELECT ON TABLE crm.accounts_{0} FROM ROLE sales_{0};",
    "GRANT ROLE sales_{0} TO USER cy_{0};",
    "REVOKE GRANT OPTION FOR SELECT ON TABLE ops.logs_{0} FROM ROLE ops;",
)


def text() -> str:
    """The file: grants and revokes as a deployment writes them."""
    return "\n".join(_FORMS[number % len(_FORMS)].format(number) for number in range(STATEMENTS))


def main() -> None:
    """Measure both readers, or be one of them."""
    if sys.argv[1:]:
        print(json.dumps(_read(_READERS[sys.argv[1]])))
        return
    said: dict[str, list[dict[str, float]]] = {name: [] for name in _READERS}
    for _ in range(ROUNDS):
        for name, found in said.items():
            command: list[str | Path] = [PYTHON, "-m", "benchmarks.statements", name]
            found.append(run_command(command, folder=REPOSITORY).said)
    for name, found in said.items():
        cold, warm, cpu = (median(one[key] for one in found) for key in ("cold", "warm", "cpu"))
        print(f"{name}: cold {cold:.3f} s, warm {warm:.3f} s (CPU {cpu:.3f} s)")


def _read(reader: Callable[[], Callable[[str], None]]) -> dict[str, float]:
    sql = text()
    began = time.perf_counter()
    read = reader()
    read(sql)
    cold = time.perf_counter() - began
    began, used = time.perf_counter(), time.process_time()
    read(sql)
    return {
        "cold": cold,
        "warm": time.perf_counter() - began,
        "cpu": time.process_time() - used,
    }


def _ours() -> Callable[[str], None]:
    from app.core.statements.reading import read_statements
    from app.core.statements.types import Unparsed

    def read(sql: str) -> None:
        found = read_statements(sql, file="change.sql", dialect="hive")
        if len(found) != STATEMENTS or any(isinstance(each, Unparsed) for each in found):
            raise RuntimeError("not all statements were understood")

    return read


def _sqlfluff() -> Callable[[str], None]:
    from sqlfluff.core import Linter

    def read(sql: str) -> None:
        if Linter(dialect="hive").parse_string(sql).tree is None:
            raise RuntimeError("sqlfluff gave no tree")

    return read


_READERS = {"ours": _ours, "sqlfluff": _sqlfluff}

if __name__ == "__main__":
    main()
