"""A lake that was audited once, so that bad input has something to lose."""

import shutil

from app.wiring import starter_policies
from tests.commands.hand_lake import HandLake
from tests.commands.running import Ran, run


class Watched:
    """A lake that was audited once, so that there is something to lose."""

    def __init__(self, lake: HandLake) -> None:
        self.lake = lake
        self.policies = lake.folder / "policies"
        ignore = shutil.ignore_patterns("__pycache__", "__init__.py")
        shutil.copytree(starter_policies(), self.policies, ignore=ignore)
        settings = self.lake.config.read_text("utf-8")
        settings = settings.replace(str(starter_policies()), "policies")
        self.lake.config.write_text(settings, encoding="utf-8")
        self.exposures = self._exposures()
        self.snapshots = self._snapshots()
        assert len(self.exposures) == 5

    def write(self) -> None:
        """Write the metastore and the directory again, with what was added."""
        self.lake.write_metastore()
        self.lake.write_people()

    def run(self, *arguments: str) -> Ran:
        """Run a command with the lake's settings."""
        return run(*arguments, config=self.lake.config)

    def audit(self) -> Ran:
        """Audit the lake."""
        return self.run("audit")

    def edit(self, file: str, old: str, new: str) -> None:
        """Change a policy file."""
        path = self.policies / file
        text = path.read_text("utf-8")
        assert old in text
        path.write_text(text.replace(old, new, 1), encoding="utf-8")

    def assert_refused(self, ran: Ran, *words: str) -> None:
        """Nothing came of it: said with a mend, exit 2, and what was known stands."""
        assert ran.code == 2
        assert ran.out == ""
        assert ran.err.startswith("lakewarden: ")
        for word in words:
            assert word in ran.err
        assert self._exposures() == self.exposures
        assert self._snapshots() == self.snapshots
        assert "failed since" not in self.run("status").err

    def assert_incomplete(self, ran: Ran, *words: str) -> None:
        """It was judged as far as it could be, and nothing is clean or gone."""
        assert ran.code == 2
        for word in words:
            assert word in ran.out
        found = self.run("exposures", "--format", "json").json["exposures"]
        assert {row["id"] for row in found} >= set(self.exposures)
        assert self.run("exposures", "--status", "gone", "--format", "json").json["total"] == 0

    def _exposures(self) -> dict[str, str]:
        found = self.run("exposures", "--format", "json").json["exposures"]
        return {row["id"]: row["status"] for row in found}

    def _snapshots(self) -> list[str]:
        return sorted(path.name for path in (self.lake.data / "snapshots" / "main").iterdir())
