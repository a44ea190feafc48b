"""Documents and texts cut to a bound, saying what was left out; hostile text made harmless."""

import json
import re
from collections.abc import Mapping
from typing import Any

#: What a person's screen would act on instead of showing: line breaks, control characters,
#: and what turns the direction of writing or takes no room.
_CONTROL = re.compile(
    "[\x00-\x1f\x7f-\x9f\u00ad\u061c\u180e\u200b-\u200f\u2028-\u202e\u2060-\u206f"
    "\ufeff\ufff9-\ufffb\U000e0000-\U000e007f]+"
)
_HALF = re.compile("[\ud800-\udfff]")
_FORMULA = ("=", "+", "-", "@", "|", "%")

#: (longest text, longest list) in the order they are tried.
_STEPS = ((2_000, 50), (500, 20), (200, 5), (80, 2))


def one_line(text: object, longest: int) -> str:
    """The text on one line without control characters, cut with an ellipsis."""
    clean = _HALF.sub("\ufffd", _CONTROL.sub(" ", str(text))).strip()
    return clean if len(clean) <= longest else clean[: max(0, longest - 1)].rstrip() + "…"


def cell(text: object, longest: int) -> str:
    """Like `one_line`, and no spreadsheet takes it for a formula."""
    line = one_line(text, longest)
    return f"'{line}"[:longest] if line.startswith(_FORMULA) else line


def to_bytes(document: Any) -> bytes:
    """The one JSON text of a document, in ASCII: the same document gives the same bytes."""
    return json.dumps(
        document, sort_keys=True, ensure_ascii=True, allow_nan=False, separators=(",", ":")
    ).encode("ascii")


def bounded(document: Mapping[str, Any], largest: int) -> dict[str, Any]:
    """The document within so many bytes of JSON: texts and lists are cut, then keys left out.

    What was cut is named under `cut`, so that nobody takes a part for the whole. Keys that
    hold numbers and short texts stay to the last.
    """
    whole = _plain(document)
    if len(to_bytes(whole)) <= largest:
        return dict(whole)
    for longest_text, longest_list in _STEPS:
        cut: dict[str, Any] = {}
        shorter = {
            key: _shortened(value, longest_text, longest_list, key, cut)
            for key, value in whole.items()
        }
        shorter["cut"] = cut
        if len(to_bytes(shorter)) <= largest:
            return shorter
    return _without_largest(shorter, largest)


def _without_largest(document: dict[str, Any], largest: int) -> dict[str, Any]:
    dropped: list[str] = []
    kept = {key: value for key, value in document.items() if key != "cut"}
    while kept and len(to_bytes({**kept, "cut": {"keys": len(dropped)}})) > largest:
        widest = max(kept, key=lambda key: (len(to_bytes(kept[key])) + len(key), key))
        del kept[widest]
        dropped.append(widest)
    return {**kept, "cut": {"keys": len(dropped)}}


def _plain(value: Any) -> Any:
    """JSON's own types only, and no half of a surrogate pair."""
    if isinstance(value, Mapping):
        return {_HALF.sub("\ufffd", str(key)): _plain(one) for key, one in value.items()}
    if isinstance(value, (list, tuple, set, frozenset)):
        return [_plain(one) for one in value]
    if isinstance(value, bool) or value is None or isinstance(value, int):
        return value
    if isinstance(value, float):
        return value if value == value and abs(value) != float("inf") else None
    return _HALF.sub("\ufffd", str(value))


def _shortened(value: Any, text: int, items: int, path: str, cut: dict[str, Any]) -> Any:
    if isinstance(value, str):
        return value if len(value) <= text else value[: text - 1] + "…"
    if isinstance(value, list):
        if len(value) > items:
            cut[path[:200]] = len(value) - items
        return [_shortened(one, text, items, f"{path}[]", cut) for one in value[:items]]
    if isinstance(value, dict):
        return {
            key[:text]: _shortened(one, text, items, f"{path}.{key}", cut)
            for key, one in list(value.items())[:100]
        }
    return value
