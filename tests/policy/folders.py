"""A small policies folder on disk, with one file changed."""

from pathlib import Path

from app.core.verdicts import Policies
from app.policy.loading import load_policies

MODEL = """\
[request_definition]
r = sub, cls, act
[policy_definition]
p = sub, cls, act, eft
[role_definition]
g = _, _
[policy_effect]
e = some(where (p.eft == allow)) && !some(where (p.eft == deny))
[matchers]
m = g(r.sub, p.sub) && keyMatch(r.cls, p.cls) && keyMatch(r.act, p.act)
"""
POLICY = "p, group:hr, payroll, select, allow\n"
CLASSES = """\
classes:
  payroll:
    tier: restricted
    contract: {max_people: 5, notify: [a@example.com]}
    rules:
      pay-db: {databases: [hr_*]}
  health:
    tier: confidential
    rules:
      health-column: {columns: [diagnosis]}
"""
SEVERITY = """\
severities:
  restricted:
    everyone: {select: SEV0}
  confidential:
    everyone: {select: SEV1}
  internal: none
  public: none
  unclassified: none
"""
FILES = {
    "model.conf": MODEL,
    "policy.csv": POLICY,
    "classes.yaml": CLASSES,
    "severity.yaml": SEVERITY,
}


def write(folder: Path, files: dict[str, str | bytes]) -> Path:
    """A policies folder called `policies`, these files in place of the good ones."""
    root = folder / "policies"
    root.mkdir(parents=True, exist_ok=True)
    for name, text in {**FILES, **files}.items():
        if isinstance(text, bytes):
            (root / name).write_bytes(text)
        else:
            (root / name).write_text(text, encoding="utf-8", newline="")
    return root


def load(folder: Path, **files: str | bytes) -> Policies:
    """Load such a folder; `policy_csv` stands for policy.csv, and so on."""
    names = {
        key.replace("_yaml", ".yaml").replace("_csv", ".csv").replace("_conf", ".conf"): text
        for key, text in files.items()
    }
    return load_policies(write(folder, names))
