"""Secrets are cut out of locations and property values before they leave a source.

What counts as one: the password of `scheme://user:password@host` (and of Oracle's thin
JDBC URLs), the value after a name that says password, secret, token, credential, key or
signature (`password=…`, `?sig=…`, `"secret": "…"`), and every value of a property whose
own key says so. The rest of the text stays, so that places can still be compared.

Arrays are searched with cheap scans first; only rows that may hold a secret reach the
patterns, so a million ordinary locations cost a tenth of a second.
"""

import re
from collections.abc import Sequence

import pyarrow as pa
import pyarrow.compute as pc

REDACTED = "[redacted]"

_SECRET_WORD = (
    r"(?:pass(?:word|wd|phrase)|pwd|secret|token(?!i[sz])|credential|signature"
    r"|(?:access|account|api|private|shared|encryption|master)[._-]?key|jaas[._-]?config)"
)
_SECRET_KEY = re.compile(_SECRET_WORD, re.IGNORECASE)
_HARMLESS_VALUE = re.compile(r"\s*(?:true|false|yes|no|)\s*", re.IGNORECASE)

# A port (`host:8020/…`) is no password; everything up to the last `@` is.
_URL_PASSWORD = re.compile(r"(://[^/\s:@]*:)(?!\d+(?:[/,;?]|$))\S+@")
_ORACLE_PASSWORD = re.compile(r"(jdbc:oracle:\w+:[^/\s@]+/)\S+@", re.IGNORECASE)
_NAMED_SECRET = re.compile(
    rf"""((?:[\w.-]*{_SECRET_WORD}[\w.-]*|(?<=[?&;])(?:sig|sas|code))["']?\s*[=:]\s*)"""
    r"""(?!\[redacted\])("(?:[^"\\]|\\.)*"?|'[^']*'?|[^\s&;,"'})]+)""",
    re.IGNORECASE,
)

# RE2, for whole arrays: what the patterns above cannot match without.
_MAYBE = (
    r"(?is)://[^/\s:@]*:.*@|jdbc:oracle:.*@"
    r"|(pass|pwd|secret|token|credential|sig|sas|code|key|jaas).*[=:]"
)


def redact_text(text: str) -> str:
    """One text with its secrets replaced by `[redacted]`."""
    text = _URL_PASSWORD.sub(rf"\1{REDACTED}@", text)
    text = _ORACLE_PASSWORD.sub(rf"\1{REDACTED}@", text)
    return _NAMED_SECRET.sub(rf"\1{REDACTED}", text)


def is_secret_key(key: str) -> bool:
    """Does the name of a property say that its value is a secret?"""
    return _SECRET_KEY.search(key) is not None


def redact_texts(texts: pa.Array) -> pa.Array:
    """A string array of any length with the secrets of each text replaced; nulls stay."""
    suspects = _where(pc.match_substring_regex(texts, "[@=:]"))
    if len(suspects) == 0:
        return texts
    hits = _where(pc.match_substring_regex(texts.take(suspects), _MAYBE))
    if len(hits) == 0:
        return texts
    rows = suspects.take(hits)
    cleaned = [redact_text(text) for text in texts.take(rows).to_pylist()]
    return _put(texts, rows, cleaned)


def redact_locations(locations: pa.Array) -> pa.Array:
    """Like redact_texts, for locations: only those with a `@` or a `=` can hold a secret."""
    rows = _where(pc.match_substring_regex(locations, "[@=]"))
    if len(rows) == 0:
        return locations
    return _put(locations, rows, redact_texts(locations.take(rows)).to_pylist())


def redact_properties(keys: pa.Array, values: pa.Array) -> pa.Array:
    """The values of properties, redacted by key and by what they hold."""
    values = redact_texts(values)
    secret = [key for key in keys.unique().to_pylist() if key is not None and is_secret_key(key)]
    if not secret:
        return values
    rows = _where(pc.is_in(keys, value_set=pa.array(secret, pa.string())))
    cleaned = [
        value if value is None or _HARMLESS_VALUE.fullmatch(value) else REDACTED
        for value in values.take(rows).to_pylist()
    ]
    return _put(values, rows, cleaned)


def _where(mask: pa.Array) -> pa.Array:
    return pc.indices_nonzero(pc.fill_null(mask, False))


def _put(texts: pa.Array, rows: pa.Array, replacements: Sequence[str | None]) -> pa.Array:
    mask = pc.is_in(pa.arange(0, len(texts)), value_set=pc.cast(rows, pa.int64()))
    return pc.replace_with_mask(texts, mask, pa.array(replacements, pa.string()))
