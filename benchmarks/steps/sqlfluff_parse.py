"""sqlfluff's parse with its Hive dialect: sqlfluff_parse FILE.

Loading sqlfluff and its dialect is not timed. Says how long the parse took, and how many
pieces of the file sqlfluff could not parse.
"""

import json
import sys
import time
from pathlib import Path

from sqlfluff.core import Linter


def main() -> None:
    """Load, parse, say."""
    text = Path(sys.argv[1]).read_text("utf-8")
    linter = Linter(dialect="hive")
    linter.parse_string("SHOW TABLES;\n")
    began = time.perf_counter()
    parsed = linter.parse_string(text)
    took = time.perf_counter() - began
    if parsed.tree is None:
        raise RuntimeError("sqlfluff gave no tree")
    unparsable = sum(1 for _ in parsed.tree.recursive_crawl("unparsable"))
    print(json.dumps({"seconds": took, "unparsable": unparsable}))


if __name__ == "__main__":
    main()
