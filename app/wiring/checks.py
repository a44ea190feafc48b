"""A lake opened for a check, judged by the policies of the base."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from app.core.errors import NotFoundError
from app.core.facts import Progress, no_progress
from app.settings import LakeSettings, Settings
from app.wiring.changed_policies import changed_policy_files, policies_beside
from app.wiring.check_place import CheckPlace
from app.wiring.lakes import LakeChoice, choose_lake, lake_of_source, settled_before
from app.wiring.policies import load_policies
from app.wiring.snapshots import snapshot_for
from app.wiring.views import lake_view

if TYPE_CHECKING:
    from app.check import CheckParts
    from app.core.verdicts import Policies
    from app.lake.snapshot import StoredSnapshot


@contextmanager
def opened_check(
    settings: Settings, choice: LakeChoice, place: CheckPlace, progress: Progress = no_progress
) -> Iterator["CheckParts"]:
    """A lake opened for a check, judged by the policies of the base.

    Where the working tree's policies differ from those, what that allows and flags stands
    beside. Raises PolicyError, SnapshotError, NotFoundError, ModeUnknownError.
    """
    from app.check import CheckParts

    lake = _lake_of_check(settings, choice, place)
    crawled = bool(choice.source) and place.snapshot_file is None
    lake = settled_before(lake, crawled=crawled)
    with tempfile.TemporaryDirectory(prefix="lakewarden-") as scratch:
        policies, words = _policies_of_base(lake, place, Path(scratch))
        with _snapshot_of_check(settings, choice, lake, place, Path(scratch), progress) as snapshot:
            kept = not choice.source and place.snapshot_file is None
            files, changed = changed_policy_files(lake, place)
            yield CheckParts(
                view=lake_view(lake, snapshot, policies, settings.data if kept else None),
                policies=policies,
                policies_from=words,
                seen_at=snapshot.seen_at,
                now=datetime.now(UTC),
                beside=policies_beside(lake, snapshot, policies, files, Path(scratch), progress),
                beside_files=tuple(changed),
                notes=tuple(f"{file.name} is changed too" for file in files),
            )


def _lake_of_check(settings: Settings, choice: LakeChoice, place: CheckPlace) -> LakeSettings:
    if place.snapshot_file is None or choice.lake or len(settings.lakes) == 1:
        return choose_lake(settings, choice)
    # Without settings the options say what the snapshot does not: mode, groups, policies.
    named = replace(choice, source=f"snapshot:{place.snapshot_file.name}", lake=None)
    return replace(lake_of_source(settings, named), name="snapshot")


@contextmanager
def _snapshot_of_check(
    settings: Settings,
    choice: LakeChoice,
    lake: LakeSettings,
    place: CheckPlace,
    scratch: Path,
    progress: Progress,
) -> Iterator["StoredSnapshot"]:
    if place.snapshot_file is None:
        with snapshot_for(settings, choice, lake, progress) as snapshot:
            yield snapshot
        return
    from app.lake.export import import_snapshot

    if not place.snapshot_file.is_file():
        raise NotFoundError(
            f"There is no file {place.snapshot_file}",
            mend="Give what lakewarden snapshot export wrote",
        )
    progress("opening the snapshot", 0, None)
    yield import_snapshot(place.snapshot_file, scratch / "snapshots", place.keys)


def _policies_of_base(
    lake: LakeSettings, place: CheckPlace, scratch: Path
) -> tuple["Policies", str]:
    """The policies that judge, and in words where they were read."""
    from app.core.errors import PolicyError

    if place.repository is None or place.policies_ref is None:
        return load_policies(lake), f"of {_shown_folder(lake.policies)}, as it stands"
    within = place.repository.inside(lake.policies)
    commit = place.policies_ref[:12]
    if within is None:
        return (
            load_policies(lake),
            f"of {_shown_folder(lake.policies)}, outside of the repository, as it stands",
        )
    target = scratch / "base" / (lake.policies.name or "policies")
    if not place.repository.write_folder_at(place.policies_ref, within, target):
        raise PolicyError(
            f"There are no policies in {within} at {commit}",
            mend="Merge the policies first, or name with --policies-ref a commit that has them",
        )
    return load_policies(replace(lake, policies=target)), f"of {within} at {commit}"


def _shown_folder(folder: Path) -> str:
    return folder.name if folder.is_absolute() else folder.as_posix()
