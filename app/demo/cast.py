"""Who and when: the people of the demonstration lake that its story needs by name."""

import calendar
import time

# Administrators of the lake, kept in `hive.users.in.admin.role` to this day.
LENA = "lena.fischer"
MARCUS = "marcus.oyelaran"
PRIYA = "priya.raman"
ADMINISTRATORS = (LENA, MARCUS, PRIYA)

#: Was an administrator, moved to marketing in 2024; his row was never taken back.
MOVED_ADMINISTRATOR = "stefan.koch"
#: Was an administrator and left in 2025.
DEPARTED_ADMINISTRATOR = "viktor.halloran"

#: The small team the convenience role was made for, in 2025.
PEOPLE_ANALYTICS = (
    "claire.dubois",
    "diego.marin",
    "hanna.sorensen",
    "samir.haddad",
    "yuki.tanabe",
)
MONITORING_PROGRAM = (
    *PEOPLE_ANALYTICS,
    "amina.diallo",
    "bruno.carvalho",
    "eleni.papadaki",
    "farid.rahimi",
    "greta.lindholm",
    "ines.moreau",
    "jakub.nowak",
    "karin.vogel",
    "liam.gallagher",
    "mei.chen",
    "nadia.petrova",
    "oskar.berg",
    "paula.ferrari",
)

#: Ran payroll until 2025, now in sales.
FORMER_PAYROLL_LEAD = "gregor.lindqvist"
PAYROLL = (
    "tomas.novak",
    "agnes.keller",
    "beatriz.lopes",
    "colin.mcrae",
    "dorothea.weiss",
    "emre.yilmaz",
    "fiona.walsh",
    "guillermo.soto",
    "helga.brandt",
    "ivan.horvat",
    "jana.kralova",
    "kofi.mensah",
    "laura.conti",
    "milan.jovic",
)
BENEFITS = (
    "marta.kowalska",
    "noel.bertrand",
    "olga.ivanova",
    "pedro.alves",
    "quentin.roux",
    "rosa.jimenez",
    "sven.dahl",
    "tara.singh",
    "ulrich.maier",
    "vera.nemeth",
    "wanda.zielinska",
)
SECURITY = (
    "aaron.blake",
    "bianca.ricci",
    "cem.aydin",
    "daria.volkova",
    "elias.strand",
    "freya.holm",
    "goran.ilic",
    "hiro.matsuda",
    "isabel.cruz",
    "jonah.stern",
    "katya.orlova",
    "leon.fuchs",
    "mona.farah",
    "nils.aas",
    "omar.said",
    "petra.lang",
)

#: Left the company; each still has something in the lake.
LEAVERS = (
    DEPARTED_ADMINISTRATOR,
    "ana.beltran",
    "boris.kolar",
    "chloe.martin",
    "dirk.jansen",
    "erin.doyle",
    "felix.arnaud",
)

# One of two people whose names differ in case only, and both of them.
LOWER_KIM, UPPER_KIM = "kim.lee", "Kim.Lee"
#: Exists in the directory; a grant names `JONAS.WEBER`, whom nobody knows.
JONAS = "jonas.weber"
#: A name with a quote and a letter outside ASCII.
ODD_NAME = "zoë.o'brien"

MONITORING_ETL = "svc_monitoring_etl"
HR_ETL = "svc_hr_etl"
CRM_ETL = "svc_crm_etl"
LAKE_ETL = "svc_lake_etl"
BI_GATEWAY = "svc_bi_dashboards"
CREATORS = (MONITORING_ETL, HR_ETL, CRM_ETL, LAKE_ETL)

CONVENIENCE_ROLE = "people_analytics_convenience"


def at(text: str) -> int:
    """Epoch seconds of `2026-06-09` or `2026-06-09 09:41`, UTC."""
    form = "%Y-%m-%d %H:%M" if " " in text else "%Y-%m-%d"
    return calendar.timegm(time.strptime(text, form))


#: When the convenience role was made for a small team …
CONVENIENCE_GRANTED = at("2025-03-11 10:20")
#: … and when it was granted to everyone.
CONVENIENCE_TO_PUBLIC = at("2026-06-09 09:41")
#: The last midnight before the lake is looked at.
LAST_DAY = at("2026-06-15")
