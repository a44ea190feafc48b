"""The statements of a small lake with something of everything that the doors must agree on."""

from tests.hive.hive_server import ADMIN, Mode
from tests.hive.lake_tables import quote
from tests.hive.random_lake import Step

DATABASES = ("door_hr", "door_empty", "door_odd", "door_owned")
ROLES = ("door_analysts", "door_auditors", "door_lead", "door role")
GROUPS = ("door_staff",)

_TYPES = (
    "id int COMMENT 'a, b', note string, small smallint, tiny tinyint, big bigint, "
    "ok boolean, price decimal(10,2), name varchar(20), code char(3), seen timestamp, "
    "born date, raw binary, ratio double, tags array<string>, "
    "`home address` struct<street:string,no:int,i32:array<bigint>>, "
    "extra map<string,array<struct<a:int,b:string>>>"
)


def steps(mode: Mode) -> list[Step]:
    """What builds the lake, none of which Hive refuses."""
    first = Step(ADMIN, ("GRANT ALL TO USER `lakeadmin`",))
    made = [Step(ADMIN, (*_prelude(mode), *_objects(), *_roles()))]
    own = Step("Ann", ("CREATE TABLE `door_owned`.`anns` (x int)",))
    granted = _legacy_grants() if mode == "legacy" else _standard_grants()
    rest = Step(ADMIN, (*_prelude(mode), *granted, *_owners()))
    if mode == "legacy":
        return [first, *made, rest]
    passed_on = Step("bob", ("GRANT SELECT ON TABLE `door_hr`.`keys` TO USER `carol`",))
    return [*made, rest, own, passed_on]


def _prelude(mode: Mode) -> tuple[str, ...]:
    return ("SET ROLE ADMIN",) if mode == "sql-standard" else ()


def _objects() -> tuple[str, ...]:
    return (
        *(f"CREATE DATABASE {quote(name)}" for name in DATABASES),
        "ALTER DATABASE `door_hr` SET DBPROPERTIES ('team'='people', 'pii'='yes')",
        f"CREATE TABLE `door_hr`.`keys` ({_TYPES}) PARTITIONED BY (`day` string, `Hour` int)",
        "CREATE EXTERNAL TABLE `door_hr`.`outside` (id int) TBLPROPERTIES ('pii'='yes')",
        "CREATE TABLE `door_odd`.`Mixed Case` (`a b` int, `select` string, `ünï` string)",
        "CREATE TABLE `door_odd`.`select` (`x-y%` int)",
        "CREATE VIEW `door_hr`.`names` AS SELECT id, note FROM `door_hr`.`keys` WHERE id > 1",
        "CREATE VIEW `door_odd`.`of view` AS SELECT note FROM `door_hr`.`names`\nWHERE id = 2",
        "CREATE MATERIALIZED VIEW `door_hr`.`stored` DISABLE REWRITE AS "
        "SELECT id FROM `door_hr`.`outside`",
        "CREATE TABLE `door_hr`.`by_day` (id int, note string) PARTITIONED BY (`day` string) "
        "TBLPROPERTIES ('PARTITION_LEVEL_PRIVILEGE'='TRUE')",
        "ALTER TABLE `door_hr`.`by_day` ADD PARTITION (`day`='2024-01-01 a/b')",
    )


def _roles() -> tuple[str, ...]:
    return (
        *(f"CREATE ROLE {quote(name)}" for name in ROLES),
        "GRANT ROLE `door_analysts` TO USER `Ann`",
        "GRANT ROLE `door_analysts` TO USER `bob` WITH ADMIN OPTION",
        "GRANT ROLE `door_auditors` TO ROLE `door_analysts`",
        "GRANT ROLE `door_lead` TO ROLE `door_auditors`",
        "GRANT ROLE `door role` TO ROLE `public`",
    )


def _standard_grants() -> tuple[str, ...]:
    return (
        "GRANT SELECT ON TABLE `door_hr`.`keys` TO USER `bob` WITH GRANT OPTION",
        "GRANT SELECT, INSERT ON TABLE `door_hr`.`keys` TO ROLE `door_lead`",
        "GRANT SELECT ON TABLE `door_odd`.`Mixed Case` TO ROLE `door role`",
        "GRANT SELECT ON TABLE `door_hr`.`names` TO ROLE `public`",
        "GRANT DELETE ON TABLE `door_odd`.`select` TO USER `Ann`",
        "GRANT SELECT ON DATABASE `door_hr` TO USER `Ann`",
    )


def _legacy_grants() -> tuple[str, ...]:
    return (
        "GRANT SELECT ON TABLE `door_hr`.`keys` TO USER `bob` WITH GRANT OPTION",
        "GRANT SELECT, UPDATE ON TABLE `door_hr`.`keys` TO ROLE `door_lead`",
        "GRANT SELECT ON TABLE `door_odd`.`Mixed Case` TO ROLE `door role`",
        "GRANT SELECT ON TABLE `door_hr`.`names` TO ROLE `public`",
        "GRANT DROP ON DATABASE `door_hr` TO USER `Ann`",
        "GRANT CREATE TO GROUP `door_staff`",
        "GRANT SELECT (`id`, `note`) ON TABLE `door_hr`.`keys` TO USER `carol`",
        "GRANT SELECT ON TABLE `door_hr`.`by_day` TO GROUP `door_staff`",
        "GRANT SELECT ON TABLE `door_hr`.`by_day` PARTITION (`day`='2024-01-01 a/b') "
        "TO USER `carol`",
        "GRANT SELECT (`note`) ON TABLE `door_hr`.`by_day` PARTITION (`day`='2024-01-01 a/b') "
        "TO USER `Ann`",
    )


def _owners() -> tuple[str, ...]:
    return (
        "ALTER DATABASE `door_owned` SET OWNER ROLE `public`",
        "ALTER DATABASE `door_odd` SET OWNER USER `Ann`",
        "ALTER TABLE `door_hr`.`outside` SET OWNER ROLE `door_lead`",
        "ALTER TABLE `door_odd`.`select` SET OWNER USER `bob`",
    )
