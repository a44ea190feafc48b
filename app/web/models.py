"""The shapes that several answers share, as the OpenAPI document describes them."""

from pydantic import BaseModel, ConfigDict, Field

from app.web.words import Severity


class Answer(BaseModel):
    """An answer's body. What is not described is left out."""

    model_config = ConfigDict(extra="ignore")


class Page(Answer):
    """A page of a list."""

    next: str | None = Field(
        description="Give it back as `cursor` for the next page; null on the last one."
    )


class OfRun(Answer):
    """What an answer about a lake is made from."""

    lake: str = Field(description="The lake's name.", examples=["main"])
    run: str = Field(
        description="The whole run that the answer is from.",
        examples=["20260612T081530123456-7kq2mx"],
    )
    as_of: str = Field(
        description="When that run began: nothing later is in it.",
        examples=["2026-06-12T08:15:30Z"],
    )
    complete: bool = Field(
        description="Whether that run read and judged everything. False is never clean: see gaps."
    )


class PageOfRun(OfRun, Page):
    """A page of a list that a run gave."""


class Gap(Answer):
    """Something that could not be read or judged."""

    scope: str = Field(description="What kind of thing it is.", examples=["table"])
    object: str = Field(description="Its name; empty for the lake as a whole.")
    reason: str = Field(description="Why not.")
    doubt: str = Field(description="What is in doubt for it.")


class Opening(Answer):
    """One principal, and what is exposed because of what it holds."""

    opening: str = Field(
        description="role:NAME, user:NAME, group:NAME, or `mode` where nothing is checked.",
        examples=["role:people_analytics_convenience"],
    )
    form: str = Field(
        description="`nesting`: a membership opened it; `grants`: the grants themselves; `mode`.",
        examples=["nesting"],
    )
    severity: Severity = Field(description="The gravest of its exposures.")
    everyone: bool = Field(description="Whether everyone stands behind it.")
    tables: int = Field(description="How many tables it exposes.", examples=[45000])
    rights: list[str] = Field(description="Which rights.")
    classes: list[str] = Field(description="Which data classes.")
    people: int | None = Field(description="How many active people stand behind it.")
    wrong_people: int | None = Field(
        description="Of them, how many policy does not allow something that it opens."
    )
    wrong_services: int | None = Field(description="Service accounts of which that is true.")
    wrong_inactive: int | None = Field(description="Inactive users of whom that is true.")
    wrong_unknown: int | None = Field(description="Names nobody knows of which that is true.")
    path: list[str] = Field(description="The memberships that lead from `public` to it.")
    path_rows: list[str] = Field(description="Their places in the metastore.")
    granted_by: str | None = Field(description="Who made the first of them.")
    since: str | None = Field(description="When the newest of them was made.")


class GrantRecord(Answer):
    """A recorded grant, as it stands in the metastore."""

    source: str = Field(description="Its place in the metastore.", examples=["TBL_PRIVS 17"])
    level: str = Field(description="What it is on.", examples=["table"])
    column: str | None = Field(description="The column it is on, for a column's grant.")
    partition: str | None = Field(description="The partition it is on, for a partition's grant.")
    principal: str = Field(description="To whom.", examples=["role:analyst"])
    privilege: str = Field(description="What, as recorded.", examples=["SELECT"])
    grant_option: bool = Field(description="Whether it can be passed on.")
    grantor: str | None = Field(description="By whom.")
    granted_at: str | None = Field(description="When.")
