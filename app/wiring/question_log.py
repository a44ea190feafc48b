"""The trail of questions asked by command."""

import json
import os
import pwd
from collections.abc import Mapping
from pathlib import Path

from app.wiring.clock import utc_now
from app.wiring.lakes import LakeChoice, choose_lake


def note_question(
    config: Path | None, choice: LakeChoice, question: str, parameters: Mapping[str, object]
) -> None:
    """Add a command's question to the data folder's audit trail, `questions.log`.

    A question about --source, which is kept nowhere, is not noted.
    """
    from app.settings import load_settings

    settings = load_settings(config)
    if choice.source or not settings.data.is_dir():
        return
    line = json.dumps(
        {
            "time": utc_now(),
            "asked_by": _asker(),
            "question": question,
            "lake": choose_lake(settings, choice).name,
            "parameters": dict(parameters),
        },
        ensure_ascii=False,
    )
    path = settings.data / "questions.log"
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    with os.fdopen(descriptor, "a", encoding="utf-8") as file:
        file.write(line + "\n")


def _asker() -> str:
    """The user of the process, whatever the environment says."""
    try:
        return f"cli:{pwd.getpwuid(os.getuid()).pw_name}"
    except KeyError:
        return f"cli:{os.getuid()}"
