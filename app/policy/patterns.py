"""Name patterns: globs, and regexes after `re:`. Both match whole names, folded.

A glob has `*` (anything), `?` (one character) and `[abc]`, `[a-z]`, `[!abc]` (one of,
one not of); everything else stands for itself. A regex is RE2's, so no pattern can make
the audit hang. Names are folded to lower case before they are matched; a pattern's own
case does not matter either.
"""

import re
from collections.abc import Iterable

import pyarrow as pa

from app.core import compute as pc
from app.core.classes import NamePattern
from app.policy.marked_yaml import Word
from app.policy.places import quoted

REGEX_PREFIX = "re:"

_SPECIAL = re.compile(r"[*?\[]")

#: RE2 can read every glob without a choice of letters up to this length.
_SURELY_READ = 1_000


def read_pattern(word: Word, what: str) -> NamePattern:
    """One pattern, checked. Raises PolicyError."""
    written = word.words(what)
    if written.startswith(REGEX_PREFIX):
        source = written[len(REGEX_PREFIX) :].strip()
        if not source:
            raise word.place.error(f"{what} is an empty regex", "Write a regex after `re:`")
        regex = f"(?is:{source})"
        _check(word, written, source)
        _check(word, written, regex)
    else:
        regex = _glob(word, written)
        if "[" in written or len(regex) > _SURELY_READ:
            _check(word, written, regex)
    return NamePattern(written, regex)


def matching(pattern: NamePattern, names: Iterable[str]) -> list[str]:
    """Those names that a pattern matches as a whole."""
    names = list(names)
    folded = pa.array([name.lower() for name in names], pa.string())
    found = pc.match_substring_regex(folded, f"^(?:{pattern.regex})$").to_pylist()
    return [name for name, matches in zip(names, found, strict=True) if matches]


def _check(word: Word, written: str, regex: str) -> None:
    try:
        pc.match_substring_regex(pa.array([""]), f"^(?:{regex})$")
        pc.match_substring_regex(pa.array([""]), regex)
    except pa.ArrowInvalid as refused:
        reason = str(refused).partition("Invalid regular expression: ")[2] or str(refused)
        raise word.place.error(
            f"{quoted(written)} is not a pattern RE2 can read ({reason.strip()})",
            "Mend it, or write a glob with `*`, `?` and `[abc]`",
        ) from refused


def _glob(word: Word, written: str) -> str:
    folded, regex, position = written.lower(), "", 0
    while special := _SPECIAL.search(folded, position):
        regex += re.escape(folded[position : special.start()])
        position = special.end()
        if special[0] == "*":
            regex += ".*"
        elif special[0] == "?":
            regex += "."
        else:
            end = folded.find("]", position + 1)
            if end == -1:
                raise word.place.error(
                    f"{quoted(written)} opens a `[` that nothing closes",
                    "Close it with `]`, or write `[[]` for the bracket itself",
                )
            regex += _one_of(folded[position:end])
            position = end + 1
    return f"(?s:{regex}{re.escape(folded[position:])})"


def _one_of(letters: str) -> str:
    negated = letters[:1] in ("!", "^") and len(letters) > 1
    inside = letters[1:] if negated else letters
    escaped = re.sub(r"([\\\[\]^&~|])", r"\\\1", inside)
    return f"[{'^' if negated else ''}{escaped}]"
