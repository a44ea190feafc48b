"""The words that names in the demonstration lake are made of."""


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


#: People's names are a first and a last one.
FIRST_NAMES = _words(
    """
    adele aisha alba albert alina amelie andre anika anton arjun astrid axel bastian benno birgit
    bjorn camila carla cedric charlotte clara cyril dalia daniel dario deniz diana edith edoardo
    egon elena elsa emil enzo erik esther eva fabian fatima felipe florin frida gabriel georg
    gianna gloria hamid hannah heike henrik hugo ida igor ilse imran ingrid irene isak ivana
    jasper jelena joao johan josefine julia justus kaan karla kasper kerstin klara lars latif lea
    lina lorenz lucia luka magda malik manon marek mario maya mikkel miriam nadine naomi nico nina
    noah nora olivia otto pablo pavel pia rafael ravi rebecca renata robin roman rosalie ruben
    sana sara selma sergio silke sofia stella svetlana talia theo tim tobias tove ugo ursula
    valentin vanessa viola wanja xenia yara yusuf zora
    """
)
LAST_NAMES = _words(
    """
    abel adler ahlberg albrecht almeida amsel anders arslan bauer becker bellini bennett bergmann
    bianchi blanc bosch brandao braun brunner burkhard campos cardoso castillo celik clausen cohen
    costa czerny danko demir dietz dumont ebert eklund engel esposito faber farkas fiedler fischl
    forster frank friis gallo garnier gebauer gomes graf gross gruber haas hahn hansen hartl
    hauser hedlund heinz herzog hoffer holmberg hudak huber iversen jacobs jager jensen kaiser
    kaminski kaya keil kern klein knudsen koller kovac kraft krause kuhn laurent lehner leroy
    lindner lorenzen ludwig lund maas madsen marchetti marino matos mayer melnyk meyer moretti
    moser muller nagy neumann nilsen nygaard oberst olsen ortega ott palmer pausch pereira pichler
    pohl prinz quist raab rasmussen reis richter riedl rossi roth russo sahin santos sauer schmid
    schulz seidel serra simon sommer stein strauss sturm suter tanner teixeira thiel toth ulrich
    urban vanek varga vidal vogt wagner weber weiland werner winter wirth wolf yildiz zimmer zuber
    """
)
#: What services are named after.
SERVICE_WORDS = _words(
    """
    airflow alerting anomaly archive attribution backup billing catalog churn compaction consent
    contracts dedupe deploy discovery exports feedback forecasting fraud geocoding imports
    indexing inventory invoicing kpi labeling lineage logistics matching metrics mlflow
    monitoring-agent notebooks onboarding payments presence pricing profiling quality ranking
    reconcile recsys refunds replication reports routing sampling scheduler scoring search
    segments shipping staging streams sync tagging telemetry warehouse
    """
)
#: Tables of `default` that everything joins.
REFERENCE_TABLES = _words(
    """
    calendar_dim country_codes currency_codes timezones product_lines cost_centers store_sites
    holiday_calendar unit_codes language_codes tax_regions carrier_codes channel_codes
    fiscal_periods department_codes industry_codes airport_codes incoterms
    """
)
#: What people call their own tables: a subject, a form and a day.
SANDBOX_SUBJECTS = _words(
    """
    churn basket cohort funnel uplift forecast margin retention pricing seasonality stockout
    reorder conversion segment backlog latency utilization renewal elasticity coverage
    """
)
SANDBOX_FORMS = _words(
    """
    sample scratch draft test features joined dedup pivot export backfill check v2 v3 final
    staging results weekly holdout
    """
)
