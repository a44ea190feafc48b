"""The demonstration lake with its settings."""

import json
from pathlib import Path

from app.wiring.policies import starter_policies


def prepare_demonstration(data: Path, seed: int, port: int) -> Path:
    """Build the demonstration lake into a folder, with its settings; return the settings file.

    The policies are the starter ones that come with Lakewarden.
    """
    from app.demo import build_demonstration

    data.mkdir(parents=True, exist_ok=True, mode=0o700)
    built = build_demonstration(data / "lake", seed=seed)
    config = data / "lakewarden.toml"
    config.write_text(
        "# The demonstration's settings, written by `lakewarden demo`.\n"
        'data = "."\n'
        f"policies = {json.dumps(str(starter_policies()))}\n\n"
        f'[server]\nhost = "127.0.0.1"\nport = {port}\n\n'
        "[lakes.demo]\n"
        f"source = {json.dumps('metastore+sqlite:///' + str(built.metastore.resolve()))}\n"
        f"directory = {json.dumps('csv:' + str(built.directory.resolve()))}\n"
        f'mode = "{built.mode}"\n'
        f'groups = "{built.groups}"\n',
        encoding="utf-8",
    )
    return config
