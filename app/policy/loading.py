"""Reads a policies folder, checks all of it, and gives back `Policies`.

Whatever is broken is refused with its file, line and mend: a policy that means nothing
would otherwise be a lake that looks clean.
"""

import hashlib
from pathlib import Path

from app.core.classes import UNCLASSIFIED
from app.core.verdicts import Policies
from app.policy.classes_file import read_classes
from app.policy.meaning import check_meaning
from app.policy.model_conf import read_model
from app.policy.places import Place, label, read_text
from app.policy.policy_csv import read_policy
from app.policy.severity_file import read_severities
from app.policy.waivers_file import read_waivers

#: The files that decide, in the order they are read.
DECIDING = ("model.conf", "policy.csv", "classes.yaml", "severity.yaml")
WAIVERS = "waivers.yaml"


def load_policies(folder: Path) -> Policies:
    """Everything in one policies folder. Raises PolicyError naming file, line and mend."""
    named = label(folder)
    texts = {name: read_text(folder / name, Place(f"{named}/{name}")) for name in DECIDING}
    files = {name: f"{named}/{name}" for name in (*DECIDING, WAIVERS)}
    model = read_model(texts["model.conf"], files["model.conf"])
    classification = read_classes(texts["classes.yaml"], files["classes.yaml"])
    policy = read_policy(texts["policy.csv"], files["policy.csv"], model)
    known = (*(known.name for known in classification.classes), UNCLASSIFIED)
    check_meaning(policy, model, known)
    waivers = folder / WAIVERS
    return Policies(
        folder=str(folder),
        digest=_digest(texts),
        model_text=texts["model.conf"],
        lines=policy.lines,
        hand_groupings=policy.hand_groupings,
        classification=classification,
        severity=read_severities(texts["severity.yaml"], files["severity.yaml"]),
        waivers=read_waivers(read_text(waivers, Place(files[WAIVERS])), files[WAIVERS])
        if waivers.exists()
        else (),
    )


def _digest(texts: dict[str, str]) -> str:
    found = hashlib.sha256()
    for name, text in sorted(texts.items()):
        for part in (name, text):
            encoded = part.encode()
            found.update(len(encoded).to_bytes(8, "big") + encoded)
    return found.hexdigest()
