"""The commented `lakewarden.toml` that `lakewarden init` writes."""

import json
import re

from app.settings.secret_text import REFERENCE

_LITERAL_PASSWORD = re.compile(r"(?<=://)(?P<user>[^:/@\s]*):(?P<password>\S*)@")

_TEMPLATE = """\
# Lakewarden's settings. Every key is explained in docs/settings.md.
# Relative paths start at this file's folder. Secrets stay out of this file:
# write ${{env:NAME}} or ${{file:PATH}} where a password belongs.

# Where snapshots, results and the state database live.
data = "data"

# Where runs, tokens and the trail of questions are kept. Unset: state.db in the
# data folder. PostgreSQL when several processes on several hosts work together;
# `lakewarden db upgrade` prepares it.
# database = "postgresql://lakewarden:${{env:STATE_PASSWORD}}@db.example.com/lakewarden"

# The policies each lake is judged by.
policies = "policies"

[server]
# Anything but a loopback address needs API tokens (`lakewarden token create`).
host = "127.0.0.1"
port = 8080

[retention]
# `lakewarden snapshot prune` keeps everything younger than keep_days, the newest
# keep_count of each lake whatever their age, and always the last whole run.
keep_days = 90
keep_count = 10
# The worker forgets deliveries that were taken, with their attempts and what was decided,
# when they are older than keep_days and not among the newest so many.
keep_deliveries = 1000

[tokens]
# What API tokens are hashed with. Unset: made once, in the data folder. Set it when
# several hosts serve the same tokens.
# pepper = "${{file:/run/secrets/lakewarden-pepper}}"

[log]
# plain or json; debug, info, warning or error.
format = "plain"
level = "info"

[lakes.{lake}]
# The metastore's own database: metastore+postgresql://…, metastore+mysql://… or
# metastore+sqlite:///…. The user needs to read it and nothing else.
source = {source}

# How HiveServer2 authorizes: sql-standard, legacy, ranger, off, or auto (ask the
# lake; where nothing proves it, the audit says so and ends with exit code 2).
mode = {mode}

# Who the people are and which groups they are in, for example csv:people with
# users.csv, groups.csv and memberships.csv. Unset: head counts are unknown.
{directory}

# Whether HiveServer2 resolves groups at all: "directory" or "none". Unset: what is
# granted to a group is unknown.
{groups}

# The share of active people from which a set of people counts as everyone.
everyone_at = 0.9

# Policies of this lake alone, in place of the ones above.
# policies = "policies"

# [alerts]
# Receivers at private addresses that alerts may go to all the same, and where the links
# in alerts point (docs/alerts.md). policies/routes.yaml says which alert goes where.
# allow = ["10.20.0.0/16", "alertmanager.internal"]
# url = "https://lakewarden.example.com"

# [channels.main]
# webhook, pagerduty, slack, alertmanager, mail or ocsf.
# kind = "webhook"
# url = "https://hooks.example.com/lakewarden"
# Several in a list while one takes the other's place: ["${{file:new}}", "${{file:old}}"].
# secret = "${{file:/run/secrets/lakewarden-webhook}}"

# [channels.on-call-mail]
# kind = "mail"
# url = "smtp://lakewarden@mail.example.com:587"
# secret = "${{env:MAIL_PASSWORD}}"
# from = "lakewarden@example.com"
# to = ["on-call@example.com"]

# [channels.siem]
# kind = "ocsf"
# url = "file:///var/log/lakewarden/ocsf.ndjson"
# Whether the questions asked of Lakewarden are sent as well.
# trail = true
"""


def template(
    source: str,
    mode: str,
    directory: str | None = None,
    groups: str | None = None,
    lake: str = "main",
) -> str:
    """A settings file for one lake, which `load_settings` accepts as it is.

    A password written in `source` or `directory` is not copied: a reference to
    an environment variable stands in its place (see `password_variable`).
    """
    return _TEMPLATE.format(
        lake=lake if "." not in lake else _quoted(lake),
        source=_quoted(_without_password(source, password_variable(lake, "source"))),
        mode=_quoted(mode),
        directory=_line("directory", directory, lake, "csv:people"),
        groups=_line("groups", groups, lake, "none"),
    )


def has_password(url: str) -> bool:
    """Whether the URL holds a password as it is, and no reference to one."""
    found = _LITERAL_PASSWORD.search(url)
    return bool(found and found["password"] and not REFERENCE.fullmatch(found["password"]))


def password_variable(lake: str, key: str) -> str:
    """The environment variable that the template names for a password."""
    return f"{re.sub(r'[^A-Z0-9]', '_', lake.upper())}_{key.upper()}_PASSWORD"


def _line(key: str, value: str | None, lake: str, example: str) -> str:
    if value is None:
        return f"# {key} = {_quoted(example)}"
    return f"{key} = {_quoted(_without_password(value, password_variable(lake, key)))}"


def _without_password(url: str, variable: str) -> str:
    if not has_password(url):
        return url
    return _LITERAL_PASSWORD.sub(lambda m: f"{m['user']}:${{env:{variable}}}@", url)


def _quoted(text: str) -> str:
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")
