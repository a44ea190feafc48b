"""Arrow's compute functions, each found when it is first asked for.

`pyarrow.compute` writes a documented Python function for each of Arrow's three hundred when it
is imported, a tenth of a cold question, and most questions call none. So modules on their
path import this one as `pc`: what is asked for by name is `pyarrow.compute`'s own.
"""

from typing import Any

import pyarrow as pa


def match_substring_regex(values: pa.Array, pattern: str) -> pa.Array:
    """Which strings hold a match of an RE2 regex: called as `pyarrow.compute` calls it."""
    from pyarrow._compute import MatchSubstringOptions, call_function

    return call_function("match_substring_regex", [values], MatchSubstringOptions(pattern))


def __getattr__(name: str) -> Any:
    import pyarrow.compute

    found = globals()[name] = getattr(pyarrow.compute, name)
    return found
