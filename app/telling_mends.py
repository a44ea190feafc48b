"""The mends that a run's alerts carry: made for whom something is told, and no others.

The step that lives incidents through a run asks for them while it writes its notices. What
is asked for is drafted outside the transaction, and the step is taken again.
"""

import logging
from collections.abc import Callable, Collection, Mapping

from app.core.incidents import Plan
from app.core.mend_words import mend_said

#: So many mends are made for one run's alerts; the others are made when somebody asks.
MOST_TOLD = 500

_LOG = logging.getLogger(__name__)

#: Some incidents' keys → the mends that were made for them.
Draft = Callable[[Collection[str]], Mapping[str, Plan]]


class MendsAskedError(Exception):
    """A step was taken without mends that its notices should carry: it is taken again."""


class ToldMends:
    """Mends by incident, drafted when notices asked for them."""

    def __init__(
        self, draft: Draft | None, made: Mapping[str, Mapping[str, object]] | None = None
    ) -> None:
        """made: mends that the run has made before (core.mend_words.mend_said)."""
        self._draft = draft
        self._asked: set[str] = set()
        self._known: dict[str, Mapping[str, object] | None] = dict(made or {})

    def __call__(self, key: str) -> Mapping[str, object] | None:
        """The mend of an incident; None: nobody made it, or it is still to be made."""
        if key not in self._known:
            self._asked.add(key)
        return self._known.get(key)

    def require(self) -> None:
        """Raises MendsAskedError where some that were asked for can still be made."""
        if self._draft is not None and self._asked - self._known.keys():
            raise MendsAskedError

    def make(self) -> None:
        """Draft what was asked for."""
        wanted = sorted(self._asked - self._known.keys())
        room = max(0, MOST_TOLD - len(self._known))
        made = self._drafted(wanted[:room])
        for key in wanted:
            plan = made.get(key)
            self._known[key] = None if plan is None else mend_said(key, plan)

    def _drafted(self, keys: Collection[str]) -> Mapping[str, Plan]:
        try:
            return {} if self._draft is None or not keys else self._draft(keys)
        except Exception:  # noqa: BLE001  # an alert without its mend is late help, none is worse
            _LOG.exception("alerts go out without their mends: making them broke off")
            return {}
