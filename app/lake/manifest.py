"""The manifest of a snapshot, and the names of the files beside it.

`manifest.json` names every table with its rows, bytes and sha256, and carries the content
hash: the sha256 over all that in canonical JSON.
"""

import hashlib
import json
from pathlib import Path
from typing import Any

from app.core.snapshots import FORMAT_VERSION

MANIFEST = "manifest.json"
TAKEN = "taken.json"  # when and from what; not hashed
INDEX = "index"
OFFSETS_FOLDER = "offsets"  # in the index


def manifest_bytes(tables: dict[str, dict[str, Any]], **more: Any) -> bytes:
    """The manifest of a snapshot's tables, its content hash included.

    `more` stands beside the tables and is hashed with them.
    """
    content: dict[str, Any] = {"format": FORMAT_VERSION, "tables": tables, **more}
    content["content_hash"] = content_hash(content)
    return (json.dumps(content, indent=1, sort_keys=True) + "\n").encode()


def content_hash(manifest: dict[str, Any]) -> str:
    """The sha256 over everything a manifest says but its content hash itself."""
    hashed = {key: value for key, value in manifest.items() if key != "content_hash"}
    return hashlib.sha256(canonical_json(hashed)).hexdigest()


def canonical_json(value: Any) -> bytes:
    """One spelling for each value, to be hashed or signed."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True).encode()


def sha256_of(path: Path) -> str:
    """The sha256 of a file, in hex."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
