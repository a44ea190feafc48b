"""Where alerts go: the channels of `lakewarden.toml`, and what each kind of them needs."""

from collections.abc import Mapping
from dataclasses import field

from app.core.frozen import frozen
from app.settings.keys import CHANNEL_KINDS
from app.settings.secret_text import Origin, SecretText


@frozen(slots=False)
class ChannelSettings:
    """One receiver. Its address can be a secret of its own, so it is shown nowhere whole.

    `secrets`: webhook: `whsec_…`, all of them sign; pagerduty: the routing key; mail: the
    password; alertmanager and ocsf: the value of the Authorization header.
    """

    name: str
    kind: str
    url: SecretText | None = None
    secrets: tuple[SecretText, ...] = ()
    sender: str | None = None
    to: tuple[str, ...] = ()
    trail: bool = False  # ocsf: whether the questions asked of Lakewarden are sent as well


@frozen(slots=False)
class AlertSettings:
    """All channels; addresses they may have though they are private; where links point."""

    allow: tuple[str, ...] = ()
    url: str | None = None
    channels: Mapping[str, ChannelSettings] = field(default_factory=dict)


_NEEDS_URL = frozenset(CHANNEL_KINDS) - {"pagerduty"}
_NEEDS_SECRET = {
    "webhook": 'Make one with: echo "whsec_$(openssl rand -base64 32)"',
    "pagerduty": "Write the integration's routing key, 32 characters",
}


def check_channel(channel: ChannelSettings, origin: Origin) -> None:
    """Raises SettingsError when the channel lacks what its kind needs, or has more."""
    table = f"[channels.{channel.name}]"
    if not channel.kind:
        raise origin.error(f"{table} has no kind", f"Add kind, one of {', '.join(CHANNEL_KINDS)}")
    if channel.url is None and channel.kind in _NEEDS_URL:
        raise origin.error(f"{table} has no url", "Add the receiver's address as url")
    if not channel.secrets and channel.kind in _NEEDS_SECRET:
        raise origin.error(
            f"{table} has no secret",
            f"{_NEEDS_SECRET[channel.kind]}, and refer to it with ${{env:NAME}} or ${{file:PATH}}",
        )
    if channel.kind == "mail" and not (channel.sender and channel.to):
        raise origin.error(
            f"{table} does not say from whom and to whom",
            'Add from = "lakewarden@example.com" and to = ["on-call@example.com"]',
        )
    if channel.trail and channel.kind != "ocsf":
        raise origin.error(f"{table} cannot take the trail", "Only kind ocsf takes it: drop trail")
    if len(channel.secrets) > 1 and channel.kind != "webhook":
        raise origin.error(
            f"{table} has several secrets", "Only a webhook signs with several; keep the newest"
        )
