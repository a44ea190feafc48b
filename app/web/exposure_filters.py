"""Which exposures are wanted, in which order: from parameters to an ExposureQuery."""

from datetime import UTC, datetime
from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field

from app.web.cursors import LONGEST, PATTERN
from app.web.parameters import Flag, Moment, WholeText
from app.web.services import Condition, ExposureQuery
from app.web.words import ExportFormat, ExposureScope, Holding, Kind, Right, Severity, Status, Tier

#: What can be sorted by: the column, and whether going down means going up in it.
SORTS: dict[str, tuple[str, bool]] = {
    "severity": ("severity", True),  # SEV0 is the gravest, and `-severity` begins with it
    "everyone": ("everyone", False),
    "scope": ("scope", False),
    "object": ("object", False),
    "database": ("database", False),
    "right": ("right", False),
    "kind": ("kind", False),
    "status": ("status", False),
    "people": ("people", False),
    "services": ("services", False),
    "not_permitted": ("not_permitted", False),
    "grant_count": ("grant_count", False),
    "first_seen": ("first_seen", False),
    "opened_at": ("opened_at", False),
}
DEFAULT_SORT = "-severity,-everyone,-scope,object,right"
_HELD_BY = {
    "person": "people",
    "service": "services",
    "inactive": "inactive",
    "unknown": "unknown",
    "group": "opaque_groups",
}
_FIELD = f"-?(?:{'|'.join(SORTS)})"

Names = Annotated[list[WholeText], Field(max_length=50)]


class ExposureFilter(BaseModel):
    """Filters: all that are given must hold; of one given several times, any."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    severity: list[Severity] = Field(default=[], description="The severity.")
    kind: list[Kind] = Field(default=[], description="One of the kinds that apply.")
    data_class: Names = Field(
        default=[], alias="class", description="One of its data classes.", examples=[["payroll"]]
    )
    tier: list[Tier] = Field(default=[], description="The tier of its gravest class.")
    right: list[Right] = Field(default=[], description="The right that is exposed.")
    status: list[Status] = Field(
        default=[], description="Against the run before. What is gone is found in changes."
    )
    scope: list[ExposureScope] = Field(default=[], description="What the exposure is about.")
    catalog: Names = Field(default=[], description="The catalog.")
    database: Names = Field(default=[], description="The database.")
    object: Names = Field(
        default=[], description="The object as the API writes it.", examples=[["hr.salaries"]]
    )
    opening: Names = Field(
        default=[],
        description="A principal whose grants do it.",
        examples=[["role:people_analytics_convenience"]],
    )
    people: list[Holding] = Field(
        default=[], description="At least one of this sort can: `service` for service accounts."
    )
    min_people: int | None = Field(
        default=None, ge=0, le=2**62, description="At least so many active people can."
    )
    everyone: Flag | None = Field(default=None, description="Whether everyone can.")
    in_doubt: Flag | None = Field(default=None, description="Whether nobody surely can.")
    first_seen_gte: Moment | None = Field(default=None, description="First seen then or later.")
    first_seen_lte: Moment | None = Field(default=None, description="First seen then or before.")
    opened_gte: Moment | None = Field(
        default=None, description="Opened, by the metastore's own times, then or later."
    )
    opened_lte: Moment | None = Field(default=None, description="Opened then or before.")

    def conditions(self) -> tuple[Condition, ...]:
        """The filters as conditions on the columns of exposures."""
        found = [
            Condition(column, operator, tuple(values))
            for column, operator, values in (
                ("severity", "in", self.severity),
                ("kinds", "any", self.kind),
                ("classes", "any", self.data_class),
                ("tier", "in", self.tier),
                ("right", "in", self.right),
                ("status", "in", self.status),
                ("scope", "in", self.scope),
                ("catalog", "in", self.catalog),
                ("database", "in", self.database),
                ("object", "in", self.object),
                ("openings", "any", self.opening),
            )
            if values
        ]
        found += [Condition(_HELD_BY[sort], "from", (1,)) for sort in self.people]
        if self.min_people is not None:
            found.append(Condition("people", "from", (self.min_people,)))
        for column, flag in (("everyone", self.everyone), ("in_doubt", self.in_doubt)):
            if flag is not None:
                found.append(Condition(column, "in", (flag,)))
        return (*found, *self._times())

    def _times(self) -> list[Condition]:
        found = []
        for operator, moment in (("from", self.first_seen_gte), ("until", self.first_seen_lte)):
            if moment is not None:
                found.append(Condition("first_seen", operator, (_written(moment),)))
        for operator, moment in (("from", self.opened_gte), ("until", self.opened_lte)):
            if moment is not None:
                found.append(Condition("opened_at", operator, (int(moment.timestamp()),)))
        return found


class SortedExposures(ExposureFilter):
    """Filters and an order."""

    sort: str = Field(
        default=DEFAULT_SORT,
        max_length=200,
        pattern=f"^{_FIELD}(?:,{_FIELD})*$",
        description="Fields with commas between, each with `-` before it for descending; "
        f"`-severity` begins with the gravest. Fields: {', '.join(SORTS)}.",
        examples=["-severity,object", "-people"],
    )

    def query(
        self, after: tuple[str | int | bool, ...] | None = None, limit: int | None = None
    ) -> ExposureQuery:
        """The exposures wanted."""
        return ExposureQuery(self.conditions(), self._order(), after, limit)

    def _order(self) -> tuple[tuple[str, bool], ...]:
        order: dict[str, bool] = {}
        for field in self.sort.split(","):
            name = field.removeprefix("-")
            column, reversed_ = SORTS[name]
            order.setdefault(column, field.startswith("-") != reversed_)
        return (*order.items(), ("id", False))


class ExposurePage(SortedExposures):
    """Filters, an order, and which page."""

    run: str | None = Field(
        default=None,
        max_length=64,
        description="A whole run of the lake; the newest one if none is named.",
    )
    total: Flag = Field(default=False, description="Count all that meet the filters, too.")
    limit: int = Field(default=50, ge=1, le=200, description="How many rows a page holds at most.")
    cursor: str | None = Field(
        default=None,
        max_length=LONGEST,
        pattern=PATTERN,
        description="The `next` of the page before, with the same filters.",
    )


class Export(SortedExposures):
    """Filters, an order and a format."""

    format: ExportFormat = Field(description="The format of the file.")
    run: str | None = Field(
        default=None,
        max_length=64,
        description="A whole run of the lake; the newest one if none is named.",
    )


def _written(moment: datetime) -> str:
    """As runs write the moment something was first seen."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
