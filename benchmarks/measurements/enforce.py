"""Answers a second: the audit of lake L against pycasbin's enforce."""

from benchmarks.figures import Bar, Figure, Measured, Table, number, seconds
from benchmarks.measurements.audit_floor import inside
from benchmarks.process import run_step
from benchmarks.rounds import alternate, median, say
from benchmarks.scratch import scratch
from benchmarks.setting import Setting

TITLE = "Answers a second against pycasbin"
REQUESTS = 4_000


def measure(setting: Setting) -> Measured:
    """Count the answers, then audit and enforce in turn."""
    with scratch(setting.lake) as data:
        say("  a first audit, and counting the answers")
        run_step("audit", data.config)
        sample = data.data / "sample.json"
        counted = run_step("count_answers", data.config, sample, REQUESTS).said
        taken = alternate(
            {
                "audit": lambda: run_step("audit", data.config),
                "enforce": lambda: run_step("enforce", sample),
            },
            setting.runs,
        )
    audit = median([inside(each) for each in taken["audit"]])
    ours = counted["answers"] / audit
    against = median([each.said["requests"] / each.said["seconds"] for each in taken["enforce"]])
    rows = [(right, f"{count:,}") for right, count in counted["by_right"].items()]
    return Measured(
        TITLE,
        (
            Figure(
                "Answers a second of the audit of L",
                f"{number(ours / 1e6)} million a second",
                f"{number(against)} a second (pycasbin's `enforce`)",
                ours / against,
                Bar(2_000, at_least=True),
            ),
        ),
        (
            f"**Answers:** person × table × right that really can: {counted['answers']:,} in L, "
            f"over its {counted['signatures']:,} access signatures and the judged rights; only "
            "active people of the directory count. They are counted exactly and outside the clock "
            "(`benchmarks/steps/count_answers.py`), and divided by the audit's time of "
            f"{seconds(audit)}, measured as above.",
            f"**pycasbin:** `Enforcer.enforce` with the model and the lines of the shipped "
            f"policies on a sample of {counted['requests']:,} requests, one after another, in one "
            "process. Each is drawn from those answers, every one as likely as another: the "
            "person, one class of the table, and the right. The enforcer holds the memberships "
            f"above the {counted['people_drawn']:,} people drawn and no others "
            f"({counted['memberships']:,}), which is in its favour, as is that loading it is "
            "not timed and that who can is given to it: it only says who may. Every one of its "
            "answers is compared with the compiled judge's.",
        ),
        (Table("Answers by right", ("Right", "Answers"), rows),),
    )
