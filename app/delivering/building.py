"""From settings to channels and routes, for whoever runs rounds or rehearses them."""

from app.alert.addresses import read_allow_list
from app.alert.channels import Channels
from app.alert.sending import Sender
from app.core.routes import Routing
from app.policy.load_routes import load_routes
from app.settings import AlertSettings, Settings


def build_channels(alerts: AlertSettings) -> Channels:
    """Every channel of lakewarden.toml. Raises SettingsError."""
    return Channels(alerts.channels, Sender(allow=read_allow_list(alerts.allow)), alerts.url)


def build_routing(settings: Settings) -> Routing:
    """The routes of the main policies folder: a lake's own policies have none of their own.

    Raises PolicyError.
    """
    return load_routes(settings.policies)
