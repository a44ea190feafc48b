"""pycasbin as its users have it: the file adapter's way in, its own role manager."""

from typing import Any

import casbin
from casbin.rbac.default_role_manager import RoleManager

from app.core.population import Population
from app.core.verdicts import Policies
from app.policy.enforcing import memberships_of

DEPTH = 60


def plain_enforcer(policies: Policies, population: Population, *outsiders: str) -> Any:
    """An enforcer filled through an adapter, DEPTH levels deep.

    outsiders: subjects whom the population does not hold, each a member of everyone too.
    """
    model = casbin.Enforcer.new_model(text=policies.model_text)
    adapter = _Lines(policies, population, outsiders)
    enforcer = casbin.Enforcer(model)
    for key in ("g", "g2", "g3"):
        enforcer.set_named_role_manager(key, RoleManager(DEPTH))
    enforcer.set_adapter(adapter)
    enforcer.load_policy()
    return enforcer


class _Lines(casbin.persist.Adapter):  # type: ignore[misc]
    def __init__(
        self, policies: Policies, population: Population, outsiders: tuple[str, ...]
    ) -> None:
        self.policies = policies
        self.rows = list(memberships_of(policies, population).rows())
        self.rows += [(outsider, "everyone") for outsider in outsiders]

    def load_policy(self, model: Any) -> None:
        for line in self.policies.lines:
            model["p"]["p"].policy.append(list(line.values))  # add_policy drops repeated lines
        groupings = {**self.policies.hand_groupings, "g": self.rows}
        for key, rows in groupings.items():
            for row in rows:
                model.add_policy("g", key, list(row))
