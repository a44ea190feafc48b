"""Views of the demonstration lake, with the texts Hive would have kept."""

from random import Random

from app.demo import cast
from app.demo.cast import LAKE_ETL, at
from app.demo.layouts import LAYOUTS, VIEW_COLUMNS
from app.demo.monitoring import REGIONS
from app.demo.ordinary import DATABASES
from app.demo.warehouse import By, Warehouse

#: Databases whose tables views of `reporting` read, and the role that reads those views.
_SOURCES = {
    "sales": "sales_analyst",
    "finance": "finance_analyst",
    "marketing": "marketing_analyst",
    "logistics": "logistics_planner",
    "ops": "ops_engineer",
    "web_analytics": "marketing_analyst",
}
REPORTING_VIEWS = 300


def shown(layout: str) -> list[str]:
    """The columns a view over a table of this layout shows."""
    return [name for name, _ in LAYOUTS[layout].columns[:VIEW_COLUMNS]]


def expanded(database: str, table: str, columns: list[str], condition: str = "") -> str:
    """A view's text as Hive expands it: every name qualified and in backticks."""
    fields = ", ".join(f"`{table}`.`{column}`" for column in columns)
    return f"SELECT {fields} FROM `{database}`.`{table}`{condition and ' WHERE ' + condition}"


def original(database: str, table: str, columns: list[str], condition: str = "") -> str:
    """The same as somebody typed it."""
    fields = ", ".join(columns)
    return f"select {fields} from {database}.{table}{condition and ' where ' + condition}"


def view(
    warehouse: Warehouse,
    database: str,
    name: str,
    sources: list[tuple[str, str]],
    layout: str,
    owner: str,
    created: int,
    *,
    columns: list[str] | None = None,
) -> int:
    """Add a view that unites its sources, which share a layout."""
    fields = columns or shown(layout)
    return warehouse.table(
        database,
        name,
        f"view of {layout}" if columns is None else layout,
        owner,
        created,
        kind="VIRTUAL_VIEW",
        original=" union all ".join(original(*source, fields) for source in sources),
        expanded=" UNION ALL ".join(expanded(*source, fields) for source in sources),
    )


def build(warehouse: Warehouse, chance: Random) -> None:
    """Add the databases `reporting` and `people_insights` and their ordinary views."""
    warehouse.database("reporting", LAKE_ETL, description="Views for dashboards")
    warehouse.database("people_insights", cast.MONITORING_ETL, description="Views of monitoring")
    datasets = [
        (database.name, dataset)
        for database in DATABASES
        if database.name in _SOURCES
        for dataset in database.datasets
    ]
    above: list[tuple[str, str]] = []
    for number in range(REPORTING_VIEWS):
        if number % 15 == 14:
            database, below = chance.choice(above)
            name, made = f"v_{database}_digest_{number:03d}", at("2026-06-15 03:00")
            table = _nested(warehouse, name, below, made)
        else:
            database, dataset = datasets[number % len(datasets)]
            shards = list(dataset.shards())
            last, created = shards[-1 - chance.randrange(len(shards) // 2)]
            sources = [(database, last)]
            if dataset.regional:
                stamp = last.rpartition("_")[2]
                sources = [(database, f"{dataset.name}_{region}_{stamp}") for region in REGIONS]
            name, made = f"v_{database}_{dataset.name}_{number:03d}", created + 7_200
            table = view(warehouse, "reporting", name, sources, dataset.layout, LAKE_ETL, made)
            above.append((database, name))
        warehouse.grant(table, _SOURCES[database], By(LAKE_ETL, made + 60))
    _of_monitoring(warehouse)
    _unreadable(warehouse)


def _nested(warehouse: Warehouse, name: str, below: str, created: int) -> int:
    """A view that counts the rows of another view."""
    return warehouse.table(
        "reporting",
        name,
        "view of a count",
        LAKE_ETL,
        created,
        kind="VIRTUAL_VIEW",
        original=f"select count(*) as number_of_rows from reporting.{below}",
        expanded=f"SELECT count(*) AS `number_of_rows` FROM `reporting`.`{below}`",
    )


def _of_monitoring(warehouse: Warehouse) -> None:
    """Views for the program itself, read by the role that may."""
    day = "20260614"
    for dataset, database, layout in (
        ("keystroke_daily", "monitoring_keystrokes", "keystroke_daily"),
        ("chat_messages", "monitoring_messages", "messages"),
        ("screen_transcripts", "monitoring_screen", "screen_transcripts"),
        ("meeting_transcripts", "monitoring_audio", "audio_transcripts"),
        ("ai_prompts", "monitoring_prompts", "ai_prompts"),
    ):
        sources = [(database, f"{dataset}_{region}_{day}") for region in REGIONS]
        created = at("2026-06-15 04:00")
        name = f"latest_{dataset}"
        table = view(
            warehouse, "people_insights", name, sources, layout, cast.MONITORING_ETL, created
        )
        warehouse.grant(table, "monitoring_reader", By(cast.MONITORING_ETL, created + 60))


#: Two view texts nobody can parse: one cut off by a failed migration, one never finished.
UNREADABLE = ("v_sales_margin_by_store", "v_ops_cost_allocation")


def _unreadable(warehouse: Warehouse) -> None:
    cut, broken = UNREADABLE
    texts = {
        cut: "SELECT `o`.`store_id`, sum(`o`.`net_amount`) AS `net`, CASE WHEN sum(`o`.`net_am",
        broken: "SELECT ((`host`, FROM `ops`.`host_metrics_20260601` WHERE ) GROUP `service_name`",
    }
    for name, text in texts.items():
        created = at("2024-08-30 12:00")
        table = warehouse.table(
            "reporting",
            name,
            "view of a count",
            LAKE_ETL,
            created,
            kind="VIRTUAL_VIEW",
            original=text.lower(),
            expanded=text,
        )
        role = "sales_analyst" if name == cut else "ops_engineer"
        warehouse.grant(table, role, By(LAKE_ETL, created + 60))
