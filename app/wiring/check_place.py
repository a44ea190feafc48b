"""What a check judges on, and by whose policies."""

from pathlib import Path
from typing import TYPE_CHECKING

from app.core.frozen import frozen

if TYPE_CHECKING:
    from app.sources.git_changes import Repository


@frozen
class CheckPlace:
    """What a check judges on, and by whose policies.

    snapshot_file: an exported snapshot in place of the lake's newest, checked by `keys`.
    policies_ref: the commit of `repository` at which policies are read; None: as they stand.
    """

    snapshot_file: Path | None = None
    keys: tuple[Path, ...] = ()
    repository: "Repository | None" = None
    policies_ref: str | None = None
