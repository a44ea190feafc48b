"""The 45,000 tables of employee-monitoring data, and who may read them by right."""

import time
from collections.abc import Iterator
from dataclasses import dataclass

from app.demo import cast
from app.demo.cast import at
from app.demo.warehouse import By, Warehouse

REGIONS = ("emea", "amer", "apac", "latam")
TABLES = 45_000
_DAY = 86_400


@dataclass(frozen=True, slots=True)
class Collection:
    """One kind of monitoring data: its database and the datasets collected daily."""

    database: str
    description: str
    days: int
    datasets: tuple[tuple[str, str], ...]  # dataset, layout


COLLECTIONS = (
    Collection(
        "monitoring_keystrokes",
        "Keystroke capture of managed devices",
        1_000,
        (
            ("keystroke_events", "keystroke_events"),
            ("keystroke_sessions", "keystroke_sessions"),
            ("keystroke_daily", "keystroke_daily"),
        ),
    ),
    Collection(
        "monitoring_messages",
        "Chat, mail and direct messages of employees",
        625,
        (
            ("chat_messages", "messages"),
            ("direct_messages", "messages"),
            ("email_messages", "messages"),
            ("group_threads", "messages"),
        ),
    ),
    Collection(
        "monitoring_screen",
        "Text read from screen captures",
        1_000,
        (("screen_transcripts", "screen_transcripts"), ("screen_text", "screen_transcripts")),
    ),
    Collection(
        "monitoring_audio",
        "Transcripts of meetings and calls",
        625,
        (("meeting_transcripts", "audio_transcripts"), ("call_transcripts", "audio_transcripts")),
    ),
    Collection(
        "monitoring_prompts",
        "What employees asked the AI assistants",
        500,
        (
            ("ai_prompts", "ai_prompts"),
            ("ai_code_prompts", "ai_prompts"),
            ("assistant_sessions", "ai_prompts"),
        ),
    ),
)
PERFORMANCE = "monitoring_performance"
_TEAMS = tuple(f"team{number:02d}" for number in range(1, 51))
_QUARTERS = ("2023q4", *(f"{year}q{quarter}" for year in (2024, 2025) for quarter in range(1, 5)))
_QUARTERS = (*_QUARTERS, "2026q1")

DATABASES = (*(collection.database for collection in COLLECTIONS), PERFORMANCE)


def _daily(collection: Collection) -> Iterator[tuple[str, str, str, int]]:
    """Dataset, layout, name and creation time of each table of a daily collection."""
    for back in range(collection.days, 0, -1):
        day = cast.LAST_DAY - back * _DAY
        stamp = time.strftime("%Y%m%d", time.gmtime(day))
        for number, (dataset, layout) in enumerate(collection.datasets):
            for place, region in enumerate(REGIONS):
                created = day + _DAY + 600 * place + 97 * number
                yield dataset, layout, f"{dataset}_{region}_{stamp}", created


def _quarterly() -> Iterator[tuple[str, str, str, int]]:
    for quarter in _QUARTERS:
        year, number = int(quarter[:4]), int(quarter[5])
        end = at(f"{year + number // 4}-{number % 4 * 3 + 1:02d}-01") + 6 * _DAY
        for dataset in ("performance_scores", "performance_reviews"):
            for place, region in enumerate(REGIONS):
                for order, team in enumerate(_TEAMS):
                    name = f"{dataset}_{region}_{team}_{quarter}"
                    yield dataset, dataset, name, end + 900 * place + 11 * order


def build(warehouse: Warehouse) -> None:
    """Add the databases, their tables, and the readers and writers they are meant for."""
    for collection in COLLECTIONS:
        warehouse.database(
            collection.database,
            cast.MONITORING_ETL,
            description=collection.description,
            properties={"retention_days": str(collection.days)},
        )
        for dataset, layout, name, created in _daily(collection):
            warehouse.table(
                collection.database,
                name,
                layout,
                cast.MONITORING_ETL,
                created,
                dataset=dataset,
            )
    warehouse.database(
        PERFORMANCE, cast.MONITORING_ETL, description="Scores and reviews of employees, by team"
    )
    for dataset, layout, name, created in _quarterly():
        warehouse.table(PERFORMANCE, name, layout, cast.MONITORING_ETL, created, dataset=dataset)
    _meant_for(warehouse)


def _meant_for(warehouse: Warehouse) -> None:
    """`monitoring_reader` for the program, `monitoring_writer` for its service."""
    since = at("2023-09-18 09:00")
    reading = By(cast.MONITORING_ETL, since)
    for role in ("monitoring_reader", "monitoring_writer"):
        warehouse.role(role, cast.LENA, since)
    for database in DATABASES:
        for dataset in warehouse.datasets(database):
            warehouse.grant_dataset(database, dataset, "monitoring_reader", reading)
            warehouse.grant_dataset(database, dataset, "monitoring_writer", reading, "INSERT")
    for person in cast.MONITORING_PROGRAM:
        if person not in cast.PEOPLE_ANALYTICS:
            warehouse.member("monitoring_reader", person, By(cast.LENA, since))
    warehouse.member("monitoring_writer", cast.MONITORING_ETL, By(cast.LENA, since))


def open_to_everyone(warehouse: Warehouse) -> None:
    """The misconfiguration of June 2026.

    In 2025 an administrator made a role of convenience for the five people of people
    analytics, with SELECT on every monitoring table, later ones included. On 2026-06-09
    another one granted that role to `public`.
    """
    granted = By(cast.LENA, cast.CONVENIENCE_GRANTED)
    warehouse.role(cast.CONVENIENCE_ROLE, cast.LENA, cast.CONVENIENCE_GRANTED)
    for database in DATABASES:
        for dataset in warehouse.datasets(database):
            warehouse.grant_dataset(database, dataset, cast.CONVENIENCE_ROLE, granted)
    for person in cast.PEOPLE_ANALYTICS:
        warehouse.member(cast.CONVENIENCE_ROLE, person, granted)
    edge = By(cast.MARCUS, cast.CONVENIENCE_TO_PUBLIC)
    warehouse.member(cast.CONVENIENCE_ROLE, "public", edge, "ROLE")
