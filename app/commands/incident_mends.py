"""`lakewarden incidents mends`: what closes each incident of a lake, all at once."""

from pathlib import Path
from typing import Any

import click

from app.commands.options import (
    config_option,
    examples,
    format_option,
    lake_choice,
    lake_options,
)


@click.command(
    "mends",
    epilog=examples(
        "lakewarden incidents mends --severity SEV0 --severity SEV1",
        "lakewarden incidents mends --format json",
    ),
)
@click.option(
    "--severity",
    "severities",
    type=click.Choice(["SEV0", "SEV1", "SEV2", "SEV3", "SEV4"]),
    multiple=True,
    help="Only these; may be given again.",
)
@lake_options
@config_option
@format_option
def mends(severities: tuple[str, ...], config: Path | None, output: str, **options: Any) -> None:
    """The mend of every incident that the newest run sees, the gravest first.

    Each is simulated. What cannot be told from rows alone is planned one by one, 200 at most;
    of the others it says which command plans it.
    """
    from app import wiring
    from app.commands.answers import print_json, print_table
    from app.core.errors import NotFoundError
    from app.core.incident_records import cause_words
    from app.core.mend_words import mend_missing, mend_said
    from app.incident_plans import draft_mends
    from app.lake.recorded_incidents import read_incidents
    from app.settings import load_settings
    from app.store.database import reading_scope
    from app.store.runs import last_whole_run

    settings, choice = load_settings(config), lake_choice(options)
    lake = wiring.choose_lake(settings, choice)
    with wiring.opened_state(settings) as database, reading_scope(database) as session:
        run = last_whole_run(session, lake.name)
    if run is None or run.results_path is None:
        raise NotFoundError(f"{lake.name} has no whole run to plan on", mend="Run lakewarden audit")
    folder = Path(run.results_path)
    found = [
        each
        for each in read_incidents(folder)
        if not each.shadowed and (not severities or each.severity in severities)
    ]
    view, policies = wiring.view_of_run(settings, lake, run)
    plans = draft_mends(view, policies, folder, found)
    wiring.note_question(config, choice, "incidents mends", {"severity": list(severities)})
    said = [
        (
            each,
            mend_said(each.key, plans[each.key]) if each.key in plans else mend_missing(each.key),
        )
        for each in found
    ]
    if output == "json":
        print_json(
            [{"incident": each.key, "severity": each.severity, **mend} for each, mend in said]
        )
        return
    print_table(
        ("severity", "incident", "cause", "what closes it", "its effect"),
        [
            (each.severity, each.key, cause_words(each), mend["words"], mend.get("effect", ""))
            for each, mend in said
        ],
    )
