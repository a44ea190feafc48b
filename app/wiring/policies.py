"""The policies that judge a lake, loaded and compiled."""

from pathlib import Path
from typing import TYPE_CHECKING

from app.settings import LakeSettings

if TYPE_CHECKING:
    from app.core.population import Population
    from app.core.verdicts import Judge, Policies


def load_policies(lake: LakeSettings) -> "Policies":
    """The policies that judge a lake. Raises PolicyError."""
    from app.core.errors import PolicyError
    from app.policy.loading import load_policies as load

    if not lake.policies.is_dir():
        raise PolicyError(
            f"There is no folder of policies {lake.policies}",
            mend="Give --policies DIR, or write starter ones with lakewarden init",
        )
    return load(lake.policies)


def compile_judge(policies: "Policies", population: "Population") -> "Judge":
    """The policies compiled for a population."""
    from app.policy.compiled import compile_judge as compiled

    return compiled(policies, population)


def starter_policies() -> Path:
    """The folder of the policies that come with Lakewarden."""
    import policies

    return Path(next(iter(policies.__path__))).resolve()
