"""What an API token looks like: lw_<public id>_<secret><checksum>."""

import re
import secrets
import string
import zlib
from dataclasses import dataclass, field

from app.store.identifiers import random_text

PREFIX = "lw"
_DIGITS = string.digits + string.ascii_uppercase + string.ascii_lowercase
_SECRET_LENGTH = 43  # 256 bits
_CHECKSUM_LENGTH = 6
_TOKEN = re.compile(
    rf"{PREFIX}_(?P<public_id>[0-9a-z]{{12}})_"
    rf"[0-9A-Za-z]{{{_SECRET_LENGTH + _CHECKSUM_LENGTH}}}"
)


@dataclass(frozen=True)
class Plaintext:
    """A token as its holder writes it; shown once, never stored."""

    public_id: str
    text: str = field(repr=False)


def new_plaintext() -> Plaintext:
    """A token of 256 random bits."""
    public_id = random_text(12)
    secret = _base62(secrets.randbits(256), _SECRET_LENGTH)
    return Plaintext(public_id, with_checksum(f"{PREFIX}_{public_id}_{secret}"))


def parse_plaintext(text: str) -> Plaintext | None:
    """The token if the text can be one: a typing error is seen without the database."""
    match = _TOKEN.fullmatch(text)
    if match is None or with_checksum(text[:-_CHECKSUM_LENGTH]) != text:
        return None
    return Plaintext(match["public_id"], text)


def with_checksum(text: str) -> str:
    """The text and behind it what a typing error would change."""
    return text + _base62(zlib.crc32(text.encode("ascii")), _CHECKSUM_LENGTH)


def _base62(number: int, length: int) -> str:
    digits = ""
    for _ in range(length):
        number, digit = divmod(number, len(_DIGITS))
        digits = _DIGITS[digit] + digits
    return digits
