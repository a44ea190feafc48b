"""`lakewarden snapshot`: list, export, import and prune snapshots; keys to sign exports with."""

import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from app.commands.options import config_option, examples, format_option
from app.commands.progress_bar import shown_progress
from app.core.errors import ConflictError, NotFoundError

if TYPE_CHECKING:
    from app.lake.snapshot import StoredSnapshot
    from app.recorded_snapshots import Pruned
    from app.settings import Settings

_FILE = click.Path(path_type=Path, dir_okay=False)
_lake = click.option("--lake", metavar="NAME", help="The lake (default: the only one set up).")


@click.group(
    "snapshot",
    epilog=examples(
        "lakewarden snapshot list",
        "lakewarden snapshot export lake.snapshot --key signing.key --limited",
        "lakewarden snapshot prune --dry-run",
    ),
)
def command() -> None:
    """Snapshots: immutable pictures of a lake. Each crawl that finds something new makes one."""


@command.command("list", epilog=examples("lakewarden snapshot list --lake main"))
@_lake
@config_option
@format_option
def list_command(lake: str | None, config: Path | None, output: str) -> None:
    """List the snapshots of a lake, the one seen last at the end."""
    from app.commands.answers import print_json, print_table

    _, found = _stored(config, lake)
    rows = [_described(each) for each in found]
    if output == "json":
        print_json(rows)
    elif rows:
        columns = ("snapshot", "first seen", "last seen", "tables", "grants", "users", "gaps")
        print_table(
            (*columns, "limited", "from"),
            [tuple(value for key, value in row.items() if key != "path") for row in rows],
        )
    else:
        click.echo("There is no snapshot: lakewarden crawl or lakewarden audit takes one.")


@command.command("keygen", epilog=examples("lakewarden snapshot keygen signing.key"))
@click.argument("private", metavar="FILE", type=_FILE)
@click.option(
    "--public", type=_FILE, help="Where the public key goes (default: FILE, ending in .pub)."
)
def keygen(private: Path, public: Path | None) -> None:
    """Make a pair of keys: FILE signs exports and stays secret, the public one checks them."""
    from app.lake.signing import generate_keys

    shared = public or private.with_suffix(".pub")
    name = generate_keys(private, shared)
    click.echo(f"Key {name}: {private} signs exports, keep it secret; {shared} checks them.")


@command.command(
    "export",
    epilog=examples(
        "lakewarden snapshot export lake.snapshot --key signing.key --limited",
        "lakewarden snapshot export old.snapshot --key signing.key --snapshot 608ea93fc9a1a622",
    ),
)
@click.argument("target", metavar="FILE", type=_FILE)
@click.option("--key", required=True, type=_FILE, help="The private key that signs it.")
@click.option(
    "--limited",
    is_flag=True,
    help="Leave out what checks in CI do not need: locations and properties that no class "
    "rule looks at, times, row ids.",
)
@click.option("--snapshot", "wanted", metavar="ID", help="Which one (default: the newest).")
@_lake
@config_option
@format_option
def export(
    target: Path,
    key: Path,
    limited: bool,
    wanted: str | None,
    lake: str | None,
    config: Path | None,
    output: str,
) -> None:
    """Write a snapshot of a lake into FILE, signed, for CI or another host."""
    from app import wiring
    from app.commands.answers import print_json
    from app.lake.export import export_snapshot
    from app.lake.export_limits import ExportLimits

    settings, found = _stored(config, lake)
    name = _lake_name(settings, lake)
    snapshot = _wanted(found, wanted, name)
    limits = None
    if limited:
        policies = wiring.load_policies(settings.lake(name))
        limits = ExportLimits.for_classes(policies.classification)
    with shown_progress() as progress:
        progress("exporting", 0, None)
        signed_by = export_snapshot(snapshot, target, key, limits)
    size = target.stat().st_size
    said = {"file": str(target), "bytes": size, "snapshot": snapshot.content_hash}
    if output == "json":
        print_json({**said, "lake": name, "limited": limited, "key": signed_by})
        return
    what = " (limited)" if limited else ""
    click.echo(
        f"{target}: snapshot {snapshot.content_hash[:16]} of {name}{what}, {size:,} bytes, "
        f"signed by key {signed_by}"
    )


@command.command(
    "import",
    epilog=examples("lakewarden snapshot import lake.snapshot --key signing.pub --lake main"),
)
@click.argument("source", metavar="FILE", type=_FILE)
@click.option(
    "--key",
    "keys",
    required=True,
    multiple=True,
    type=_FILE,
    help="A public key that may have signed it; may be given again.",
)
@_lake
@config_option
@format_option
def import_command(
    source: Path, keys: tuple[Path, ...], lake: str | None, config: Path | None, output: str
) -> None:
    """Check an exported FILE and put its snapshot among those of a lake.

    Questions and `audit --no-crawl` then go by it, unless a newer one is there.
    """
    from app import wiring
    from app.commands.answers import print_json
    from app.lake.export import import_snapshot
    from app.lake.snapshot import snapshots_folder
    from app.recorded_snapshots import recorded_snapshot
    from app.settings import load_settings

    settings = load_settings(config)
    name = _lake_name(settings, lake)
    if not source.is_file():
        raise NotFoundError(f"There is no file {source}", mend="Give what snapshot export wrote")
    settings.data.mkdir(parents=True, exist_ok=True, mode=0o700)
    folder = snapshots_folder(settings.data, name)
    with shown_progress() as progress, wiring.opened_state(settings) as database:
        progress("importing", 0, None)
        snapshot = recorded_snapshot(
            database, name, lambda: import_snapshot(source, folder, keys), f"import:{source.name}"
        )
    said = _described(snapshot)
    if output == "json":
        print_json({**said, "lake": name})
        return
    click.echo(f"Snapshot {said['snapshot']} of {name}, last seen {said['last_seen']}: in place.")
    newest = wiring.newest_snapshot(settings.lake(name), settings.data)
    if newest.content_hash != snapshot.content_hash:
        click.echo(f"Questions go by the newer {newest.content_hash[:16]}.")


@command.command(
    "prune",
    epilog=examples(
        "lakewarden snapshot prune --dry-run",
        "lakewarden snapshot prune --keep-days 30 --keep-count 5 --lake main",
    ),
)
@click.option(
    "--keep-days",
    type=click.IntRange(0, 100_000),
    help="Keep all that is younger (default: the settings', retention.keep_days).",
)
@click.option(
    "--keep-count",
    type=click.IntRange(0, 1_000_000),
    help="Keep the newest so many (default: the settings', retention.keep_count).",
)
@click.option("--dry-run", is_flag=True, help="Say what would go, and remove nothing.")
@click.option("--lake", metavar="NAME", help="Of this lake only (default: of every lake).")
@config_option
@format_option
def prune(
    keep_days: int | None,
    keep_count: int | None,
    dry_run: bool,
    lake: str | None,
    config: Path | None,
    output: str,
) -> None:
    """Remove old runs with their results, and the snapshots that nothing needs any longer.

    The last whole run of a lake and its snapshot always stay, and so do the last that judged
    all. A lake that is being audited
    is left alone: exit 2, prune it again.
    """
    from app import wiring
    from app.recorded_snapshots import prune_lake
    from app.settings import load_settings
    from app.store.database import reading_scope
    from app.store.snapshots import lakes_seen

    settings = load_settings(config)
    kept = settings.retention
    days = kept.keep_days if keep_days is None else keep_days
    count = kept.keep_count if keep_count is None else keep_count
    done: list[Pruned] = []
    busy: list[str] = []
    with shown_progress() as progress, wiring.opened_state(settings) as database:
        with reading_scope(database) as session:
            seen = lakes_seen(session)
        lakes = sorted({*seen, *settings.lakes})
        if lake is not None and lake not in lakes:
            raise NotFoundError(
                f"No lake is called {lake!r}", mend=f"Known are {', '.join(lakes) or 'none'}"
            )
        for name in lakes if lake is None else [lake]:
            try:
                pruned = prune_lake(
                    database,
                    settings.data,
                    name,
                    keep_days=days,
                    keep_count=count,
                    dry_run=dry_run,
                    progress=progress,
                )
            except ConflictError as problem:
                busy.append(str(problem))
            else:
                done.append(pruned)
    _print_pruned(done, busy, dry_run, output)
    sys.exit(2 if busy else 0)


def _print_pruned(done: "list[Pruned]", busy: list[str], dry_run: bool, output: str) -> None:
    from app.commands.answers import print_json

    if output == "json":
        print_json({"dry_run": dry_run, "lakes": done})
    else:
        word = "would go" if dry_run else "removed"
        for each in done:
            click.echo(
                f"{each.lake}: {word}: {len(each.runs):,} runs and {len(each.snapshots):,} "
                f"snapshots, {each.bytes:,} bytes; kept: {each.runs_kept:,} runs and "
                f"{each.snapshots_kept:,} snapshots"
            )
    for problem in busy:
        click.echo(f"lakewarden: conflict: {problem}", err=True)


def _lake_name(settings: "Settings", lake: str | None) -> str:
    from app import wiring

    return wiring.choose_lake(settings, wiring.LakeChoice(lake=lake)).name


def _stored(config: Path | None, lake: str | None) -> "tuple[Settings, list[StoredSnapshot]]":
    from app.lake.snapshot import snapshots_folder, stored_snapshots
    from app.settings import load_settings

    settings = load_settings(config)
    name = _lake_name(settings, lake)
    return settings, stored_snapshots(snapshots_folder(settings.data, name))


def _wanted(found: "Sequence[StoredSnapshot]", name: str | None, lake: str) -> "StoredSnapshot":
    if name is None:
        if not found:
            raise NotFoundError(
                f"There is no snapshot of {lake}", mend="lakewarden crawl takes one"
            )
        return found[-1]
    matching = [each for each in found if each.content_hash.startswith(name)] if name else []
    if len(matching) != 1:
        raise NotFoundError(
            f"{len(matching) or 'No'} snapshots of {lake} are called {name!r}",
            mend="See lakewarden snapshot list",
        )
    return matching[0]


def _described(snapshot: "StoredSnapshot") -> dict[str, Any]:
    taken = snapshot.taken
    return {
        "snapshot": snapshot.content_hash[:16],
        "first_seen": taken.get("taken_at"),
        "last_seen": taken.get("seen_at"),
        **{name: snapshot.rows(name) for name in ("tables", "grants", "users", "gaps")},
        "limited": "limited" in snapshot.manifest,
        "source": taken.get("source"),
        "path": str(snapshot.path),
    }
