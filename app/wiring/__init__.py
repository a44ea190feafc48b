"""From settings to built objects: functions, no container. Heavy imports wait until used."""

from app.wiring.audits import audit_parts, run_audit
from app.wiring.check_place import CheckPlace
from app.wiring.checks import opened_check
from app.wiring.clock import utc_now
from app.wiring.deciding import SubjectEdges, directory_entry
from app.wiring.demonstration import prepare_demonstration
from app.wiring.engines import new_engine, view_parses
from app.wiring.lakes import DEFAULT_EVERYONE_AT, LakeChoice, choose_lake, has_policies, settled
from app.wiring.mends import mends_of
from app.wiring.past_views import past_runs, view_of_run
from app.wiring.policies import compile_judge, load_policies, starter_policies
from app.wiring.question_log import note_question
from app.wiring.snapshots import crawl, newest_snapshot, recorded_crawl, snapshot_for
from app.wiring.state import newest_results, opened_state, pepper, run_of
from app.wiring.views import lake_view, opened_view

__all__ = [
    "DEFAULT_EVERYONE_AT",
    "CheckPlace",
    "LakeChoice",
    "SubjectEdges",
    "audit_parts",
    "choose_lake",
    "compile_judge",
    "crawl",
    "directory_entry",
    "has_policies",
    "lake_view",
    "load_policies",
    "mends_of",
    "new_engine",
    "newest_results",
    "newest_snapshot",
    "note_question",
    "opened_check",
    "opened_state",
    "opened_view",
    "past_runs",
    "pepper",
    "prepare_demonstration",
    "recorded_crawl",
    "run_audit",
    "run_of",
    "settled",
    "snapshot_for",
    "starter_policies",
    "utc_now",
    "view_of_run",
    "view_parses",
]
