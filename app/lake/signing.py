"""Signs what leaves the house and checks what comes in: Ed25519, keys in PEM files.

The private key signs exports; whoever reads them (CI) needs the public one only.
"""

import base64
import hashlib
import os
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from app.core.errors import SnapshotError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import (
        Ed25519PrivateKey,
        Ed25519PublicKey,
    )

#: What is signed starts with this, so that no other signature of the key fits.
_CONTEXT = b"lakewarden snapshot export 1\n"


def generate_keys(private: Path, public: Path) -> str:
    """Make a pair of keys and return its id. Neither file may exist.

    The private one can be read by its owner only. Raises SnapshotError.
    """
    from cryptography.hazmat.primitives import serialization as form
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

    key = Ed25519PrivateKey.generate()
    secret = key.private_bytes(form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption())
    shared = key.public_key().public_bytes(
        form.Encoding.PEM, form.PublicFormat.SubjectPublicKeyInfo
    )
    for path, content, mode in ((private, secret, 0o600), (public, shared, 0o644)):
        try:
            with os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
                file.write(content)
        except OSError as error:
            raise SnapshotError(
                f"The key {path} cannot be written: {error.strerror}",
                mend="Name a file that is not there yet, in a folder that is",
            ) from error
    return key_id(key.public_key())


def sign(content: bytes, private: Path) -> dict[str, str]:
    """The signature of some bytes, and the id of the key. Raises SnapshotError."""
    key: Ed25519PrivateKey = _load(private, "private")
    signature = base64.b64encode(key.sign(_CONTEXT + content)).decode()
    return {"key": key_id(key.public_key()), "signature": signature}


def verify(content: bytes, signature: Any, publics: Iterable[Path]) -> str:
    """Check a signature against the keys that are known; returns the id of the one.

    Raises SnapshotError when no known key made it.
    """
    from cryptography.exceptions import InvalidSignature

    try:
        named, raw = signature["key"], base64.b64decode(signature["signature"], validate=True)
    except (TypeError, KeyError, ValueError):
        raise SnapshotError("The signature cannot be read", mend=_ASK) from None
    known = []
    for path in publics:
        key: Ed25519PublicKey = _load(path, "public")
        known.append(key_id(key))
        if known[-1] == named:
            try:
                key.verify(raw, _CONTEXT + content)
            except InvalidSignature:
                raise SnapshotError(
                    "The signature is wrong: the export was changed after it was signed", mend=_ASK
                ) from None
            return str(named)
    raise SnapshotError(
        f"The export is signed by the key {named!s:.64}, known are {', '.join(known) or 'none'}",
        mend="Name the public key of whoever made the export",
    )


def key_id(key: "Ed25519PublicKey") -> str:
    """The first 16 hex digits of the sha256 of a public key."""
    return hashlib.sha256(key.public_bytes_raw()).hexdigest()[:16]


_ASK = "Export the snapshot again, or get it from where it was made"


def _load(path: Path, what: str) -> Any:
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ed25519

    private = what == "private"
    kind = ed25519.Ed25519PrivateKey if private else ed25519.Ed25519PublicKey
    try:
        content = path.read_bytes()
        key = (
            serialization.load_pem_private_key(content, password=None)
            if private
            else serialization.load_pem_public_key(content)
        )
    except OSError as error:
        raise SnapshotError(
            f"The {what} key {path} cannot be read: {error.strerror}",
            mend="Make a pair of keys with lakewarden snapshot keygen",
        ) from None
    except (ValueError, TypeError, UnsupportedAlgorithm):
        key = None
    if not isinstance(key, kind):
        raise SnapshotError(
            f"{path} holds no {what} Ed25519 key in PEM, without a password",
            mend="Make a pair of keys with lakewarden snapshot keygen",
        )
    return key
