"""Findings of the lake itself: what its own parts, when asked, said of their settings.

However closed the grants are, a HiveServer2 that believes any name, or a metastore that
anybody may write to, opens all of it. Nobody is known to have done so: like "can make
themselves" they stand one severity below what is open.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from pyroaring import BitMap, FrozenBitMap

from app.core.classes import Classification
from app.core.exposures import BELIEVES_ANY_NAME, MODES_DIFFER, OPEN_METASTORE, SKIPS_CHECKS
from app.core.judging import TableJudge
from app.core.other_findings import MILDEST, lake_row, one_lower, worst_tier
from app.core.reach import PopulationReach
from app.core.rights import asked
from app.core.verdicts import SeverityTable

#: Values of hive.server2.authentication under which a client's name is not proved.
_BELIEVING = ("NONE", "NOSASL")


@dataclass(frozen=True, slots=True)
class SettingFinding:
    """One of exposures.SETTING_KINDS. users: whom it concerns; None: everybody."""

    kind: str
    users: tuple[str, ...] | None
    detail: str


def found_in_settings(said: Mapping[str, str]) -> Iterator[SettingFinding]:
    """What stands out in a snapshot's `lake_settings`; nothing where nobody was asked."""
    authentication = said.get(asked.HIVESERVER2 + asked.AUTHENTICATION, "")
    ways = [way.strip().upper() for way in authentication.split(",")]
    believing = [way for way in ways if way in _BELIEVING]
    if believing:
        yield SettingFinding(
            BELIEVES_ANY_NAME,
            None,
            f"with {asked.AUTHENTICATION}={authentication} whoever reaches HiveServer2 is whom he "
            "says he is",
        )
    service_users = said.get(asked.HIVESERVER2 + asked.SERVICE_USERS, "")
    names = tuple(sorted({name.strip() for name in service_users.split(",")} - {""}))
    if names:
        yield SettingFinding(
            SKIPS_CHECKS,
            names,
            f"HiveServer2 checks nothing for {', '.join(names)} ({asked.SERVICE_USERS})",
        )
    nameless = _metastore_without_names(said)
    if nameless:
        yield SettingFinding(OPEN_METASTORE, None, nameless)
    different = asked.difference(said)
    if different:
        yield SettingFinding(MODES_DIFFER, None, f"HiveServer2 decides; {different}")


def _metastore_without_names(said: Mapping[str, str]) -> str:
    if said.get(asked.METASTORE_NAMELESS) == "true":
        listeners = said.get(asked.METASTORE + asked.LISTENERS)
        checks = f"only {listeners} is asked" if listeners else "nothing is asked"
        return f"the metastore answered without a proved name, and before a change {checks}"
    remote = said.get(asked.HIVESERVER2 + "hive.metastore.uris")
    if remote and said.get(asked.HIVESERVER2 + asked.SASL, "").lower() == "false":
        return f"HiveServer2 reaches the metastore without proving a name ({asked.SASL}=false)"
    return ""


def setting_findings(
    said: Mapping[str, str],
    lake: str,
    reach: PopulationReach,
    table_judge: TableJudge,
    classification: Classification,
    severity: SeverityTable,
    tables_of_class: Mapping[str, int],
) -> list[dict[str, object]]:
    """Exposures of scope `lake` from settings, as rows."""
    present = tuple(sorted(name for name, tables in tables_of_class.items() if tables))
    rows = []
    for found in found_in_settings(said):
        who = reach.whoever().possible if found.users is None else _bits(reach, found.users)
        violators = BitMap()
        for name in present:
            violators |= who - table_judge.permitted((name,), "select")
        tier = worst_tier(present, classification)
        width = "everyone" if reach.population.head_count(who).everyone else "few"
        gravest = one_lower(severity.severity(tier, width, "select") or MILDEST)
        openings = tuple(f"user:{name}" for name in found.users or ())
        rows.append(
            lake_row(
                lake,
                found.kind,
                reach,
                who,
                FrozenBitMap(violators),
                present,
                tier,
                gravest,
                found.detail,
                openings,
            )
        )
    return rows


def _bits(reach: PopulationReach, users: tuple[str, ...]) -> FrozenBitMap:
    return FrozenBitMap.union(*(reach.principal("USER", name).possible for name in users))
