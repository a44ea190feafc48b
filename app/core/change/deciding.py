"""Policy's answer about one subject after a change, in which he may hold other roles."""

from app.core.change.lookup import ChangedLookup
from app.core.lake_view import LakeView
from app.core.verdicts import PolicyLine


class DecideAfter:
    """Implements core.lake_view.DecideOne. `after` is set once the view is made."""

    def __init__(self, base: LakeView, lookup: ChangedLookup) -> None:
        self._base = base
        self._lookup = lookup
        self.after: LakeView | None = None

    def __call__(
        self, user: str, classes: tuple[str, ...], right: str
    ) -> tuple[bool, tuple[PolicyLine, ...]]:
        """As without the change where no membership is another, else by the compiled judge."""
        if self.after is None or not (self._lookup.members or self._lookup.gone_roles):
            return self._base.decide_one(user, classes, right)
        answers = [self.after.judge.decide(user, name, right) for name in classes]
        lines = (line for _, line in answers if line is not None)
        return all(allowed for allowed, _ in answers), tuple(dict.fromkeys(lines))
