"""Channels by name: one message in, one outcome out, whatever kind the channel is.

A new kind is a file beside this one and a line in `_SENDERS`. Secrets are looked up when
they are used, so that a changed file or variable counts from the next attempt on.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

from app.alert import alertmanager, mail, ocsf, pagerduty, slack, webhook
from app.alert.bounding import to_bytes
from app.alert.retrying import FAILED, REFUSED, Outcome
from app.alert.sending import Post, Sender
from app.core.errors import LakewardenError, SettingsError
from app.core.incidents import Notice
from app.core.routes import TEST, Message
from app.settings import ChannelSettings


@dataclass(frozen=True)
class Channels:
    """Every channel, how requests go out, and where links point."""

    settings: Mapping[str, ChannelSettings]
    sender: Sender = field(default_factory=Sender)
    base: str | None = None

    def kind(self, name: str) -> str:
        """The kind of a channel; empty where no channel has the name."""
        known = self.settings.get(name)
        return known.kind if known else ""

    @property
    def kinds(self) -> dict[str, str]:
        """The kind of every channel."""
        return {name: channel.kind for name, channel in self.settings.items()}

    @property
    def for_trail(self) -> tuple[str, ...]:
        """The channels that take the questions asked of Lakewarden."""
        return tuple(sorted(name for name, channel in self.settings.items() if channel.trail))

    def send(self, name: str, message: Message, now: datetime | None = None) -> Outcome:
        """One attempt. Never raises for what the channel, its settings or a message is like.

        The word of the outcome stands in the delivery log, so it holds no secret.
        """
        channel = self.settings.get(name)
        if channel is None:
            return Outcome(FAILED, f"lakewarden.toml has no channel {name}")
        try:
            return _SENDERS[channel.kind](channel, message, self, now or datetime.now(UTC))
        except LakewardenError as error:
            return Outcome(FAILED, error.message)
        except (ValueError, TypeError, KeyError, UnicodeError, RecursionError) as error:
            return Outcome(REFUSED, f"the message cannot be written ({type(error).__name__})")

    def rendered(self, name: str, message: Message, now: datetime) -> str:
        """What would be sent, for a dry run: the body alone, its secrets hidden."""
        kind = self.settings[name].kind
        if kind == "mail":
            return mail.text(message, self.base)
        document: object
        if kind == "pagerduty":
            document = pagerduty.document("*" * 32, message, self.base)
        elif kind == "slack":
            document = slack.document(message, self.base)
        elif kind == "alertmanager":
            document = alertmanager.document(message, now, self.base)
        elif kind == "ocsf":
            document = ocsf.events(message, self.base)
        else:
            document = webhook.document(message, self.base)
        return to_bytes(document).decode()


def marked_test(now: datetime) -> Message:
    """A message that says of itself that it is a test."""
    at = now.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    identity = f"test-{now:%Y%m%dT%H%M%S%f}"
    notice = Notice(
        id=identity,
        kind=TEST,
        lake="",
        incident="",
        sequence=0,
        at=at,
        run="",
        actor="",
        severity="SEV4",
        classes=(),
        kinds=(),
        title="This is a test of the channel; nothing has happened",
    )
    return Message(identity, at, notice.severity, (notice,))


def _webhook(channel: ChannelSettings, message: Message, all_: Channels, now: datetime) -> Outcome:
    secrets = [secret.reveal() for secret in channel.secrets]
    return all_.sender.send(webhook.post(_url(channel), secrets, message, now, all_.base))


def _pagerduty(channel: ChannelSettings, message: Message, all_: Channels, _: datetime) -> Outcome:
    url = channel.url.reveal() if channel.url else pagerduty.URL
    return all_.sender.send(pagerduty.post(url, _secret(channel), message, all_.base))


def _slack(channel: ChannelSettings, message: Message, all_: Channels, _: datetime) -> Outcome:
    return all_.sender.send(slack.post(_url(channel), message, all_.base))


def _alertmanager(
    channel: ChannelSettings, message: Message, all_: Channels, now: datetime
) -> Outcome:
    secret = _header(_secret(channel))
    return all_.sender.send(alertmanager.post(_url(channel), secret, message, now, all_.base))


def _mail(channel: ChannelSettings, message: Message, all_: Channels, _: datetime) -> Outcome:
    server = mail.read_server(_url(channel), _secret(channel))
    sender = channel.sender or ""
    written = mail.letter(message, sender, channel.to, all_.base)
    return mail.send(all_.sender, server, written, sender, channel.to)


def _ocsf(channel: ChannelSettings, message: Message, all_: Channels, _: datetime) -> Outcome:
    url = _url(channel)
    if url.startswith("file://"):
        return ocsf.append(Path(url.removeprefix("file://")), message, all_.base)
    post: Post = ocsf.post(url, _header(_secret(channel)), message, all_.base)
    return all_.sender.send(post)


def _url(channel: ChannelSettings) -> str:
    if channel.url is None:
        raise SettingsError(f"[channels.{channel.name}] has no url", mend="Add it")
    return channel.url.reveal()


def _secret(channel: ChannelSettings) -> str:
    return channel.secrets[0].reveal() if channel.secrets else ""


def _header(value: str) -> str:
    if not value.isascii() or any(sign in value for sign in "\r\n\x00"):
        raise SettingsError("the channel's secret is no value of a header", mend="Mend the secret")
    return value


_SENDERS: dict[str, Callable[[ChannelSettings, Message, Channels, datetime], Outcome]] = {
    "webhook": _webhook,
    "pagerduty": _pagerduty,
    "slack": _slack,
    "alertmanager": _alertmanager,
    "mail": _mail,
    "ocsf": _ocsf,
}
