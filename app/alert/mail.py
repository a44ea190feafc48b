"""E-mail by SMTP: plain text only, encrypted on the way unless the operator says otherwise."""

import smtplib
import socket
import ssl
import threading
import time
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, datetime
from email.errors import MessageError
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, parseaddr
from typing import Any
from urllib.parse import unquote, urlsplit

from app.alert.addresses import AddressRefusedError, vetted
from app.alert.bounding import one_line
from app.alert.pagerduty import dedup_key
from app.alert.retrying import DELIVERED, FAILED, REFUSED, Outcome
from app.alert.sending import Sender
from app.alert.wording import headline, words
from app.core.errors import SettingsError
from app.core.routes import Message

_PORTS = {"smtp": 587, "smtps": 465, "smtp+plain": 25}
LONGEST_SUBJECT = 200
LONGEST_TEXT = 100_000


@dataclass(frozen=True, slots=True)
class MailServer:
    """Where mail is handed in. `scheme`: smtp (STARTTLS), smtps, or smtp+plain."""

    scheme: str
    host: str
    port: int
    user: str = ""
    password: str = field(default="", repr=False)


def read_server(url: str, password: str) -> MailServer:
    """The server of a channel's url. Raises SettingsError."""
    mend = "Write smtp://user@host:587 (STARTTLS), smtps://host:465 or smtp+plain://host:25"
    try:
        parts = urlsplit(url)
        port = parts.port or _PORTS.get(parts.scheme, 0)
    except ValueError:
        raise SettingsError("the channel's url cannot be read", mend=mend) from None
    if parts.scheme not in _PORTS or not parts.hostname or parts.path.strip("/"):
        raise SettingsError("the channel's url is none of a mail server", mend=mend)
    if parts.password is not None:
        raise SettingsError(
            "the channel's url holds a password", mend="Put it in the channel's secret"
        )
    user = unquote(parts.username or "")
    if parts.scheme == "smtp+plain" and (user or password):
        raise SettingsError("a password never goes over a plain connection", mend=mend)
    return MailServer(parts.scheme, parts.hostname, port, user, password)


def send(
    sender: Sender, server: MailServer, mail: EmailMessage, envelope_from: str, to: tuple[str, ...]
) -> Outcome:
    """Hand one mail in and say what came of it; no exception leaves for a bad server."""
    try:
        return _send(sender, server, mail, envelope_from, to)
    except smtplib.SMTPRecipientsRefused as refused:
        codes = sorted({code for code, _ in refused.recipients.values()})
        return _refusal("every receiver", max(codes, default=550), min(codes, default=550))
    except smtplib.SMTPResponseException as answer:
        return _refusal("the mail", answer.smtp_code, answer.smtp_code)
    except smtplib.SMTPNotSupportedError:
        return Outcome(FAILED, "the server offers no STARTTLS or no log-in")
    except AddressRefusedError as refused:
        return Outcome(FAILED, refused.message)
    except ssl.SSLError:
        return Outcome(FAILED, "no trusted TLS connection")
    except (smtplib.SMTPException, OSError) as error:
        return Outcome(FAILED, f"no answer ({type(error).__name__})")


def letter(message: Message, sender: str, to: tuple[str, ...], base: str | None) -> EmailMessage:
    """The mail: one Message-ID over every attempt, one thread an incident. Raises SettingsError."""
    mail = EmailMessage(policy=SMTP)
    from_address = _address(sender)
    try:
        mail["From"] = from_address
        mail["To"] = [_address(one) for one in to]
        mail["Subject"] = headline(message, LONGEST_SUBJECT)
        mail["Date"] = format_datetime(_moment(message))
        domain = from_address.domain or "lakewarden.invalid"
        mail["Message-ID"] = f"<{_token(message.id)}@{domain}>"
        first = message.notices[0]
        if first.incident and len(message.notices) == 1:
            mail["References"] = f"<{_token(dedup_key(first))}@{domain}>"
        mail["Auto-Submitted"] = "auto-generated"
        mail["X-Lakewarden-Severity"] = one_line(message.severity, 10) or "none"
    except (MessageError, ValueError, UnicodeError):
        raise SettingsError(
            "the channel's addresses make no mail", mend="Mend from and to"
        ) from None
    mail.set_content(text(message, base)[:LONGEST_TEXT], charset="utf-8", cte="base64")
    return mail


def text(message: Message, base: str | None) -> str:
    """The body: each notice in a few lines."""
    parts = []
    for notice in message.notices:
        said = words(notice, base)
        parts.append("\n".join(line for line in (said.title, *said.lines, said.link) if line))
    return "\n\n".join(parts) + "\n"


def _send(
    sender: Sender, server: MailServer, mail: EmailMessage, envelope_from: str, to: tuple[str, ...]
) -> Outcome:
    lines: list[socket.socket] = []
    connection = _connection(sender, server, lines)
    # smtplib bounds each read, not the whole talk: at the deadline the line is cut, also in
    # the middle of a handshake.
    timer = threading.Timer(sender.total_seconds, _cut, (lines,))
    timer.daemon = True
    timer.start()
    try:
        connection.connect(server.host, server.port)
        if server.scheme == "smtp":
            connection.starttls(context=sender.tls)
        if server.user:
            connection.login(server.user, server.password)
        refused = connection.send_message(mail, parseaddr(envelope_from)[1], _bare(to))
        _say_goodbye(connection)
    finally:
        timer.cancel()
        connection.close()
        for line in lines:
            line.close()
    if refused:
        return Outcome(DELIVERED, f"taken, but not for {len(refused)} of {len(to)} receivers", 250)
    return Outcome(DELIVERED, "taken by the mail server", 250)


def _connection(sender: Sender, server: MailServer, lines: list[socket.socket]) -> smtplib.SMTP:
    """A connection that dials vetted addresses, with the name kept for TLS.

    lines: where a second handle of each line is put, by which it can be cut: TLS takes the
    first one away while it shakes hands.
    """
    until = time.monotonic() + sender.total_seconds

    def dial(host: str, port: int, timeout: float) -> socket.socket:
        failed: OSError = TimeoutError("no address in time")
        for address in vetted(host, port, sender.allow, sender.resolve):
            left = min(sender.connect_seconds, until - time.monotonic())
            if left <= 0:
                break
            try:
                line = socket.create_connection((str(address), port), left)
            except OSError as error:
                failed = error
            else:
                line.settimeout(timeout)
                lines.append(line.dup())
                return line
        raise failed

    class Plain(smtplib.SMTP):
        _host: str

        def _get_socket(self, host: str, port: int, timeout: Any) -> socket.socket:
            return dial(host, port, timeout)

    class Encrypted(smtplib.SMTP_SSL):
        _host: str

        def _get_socket(self, host: str, port: int, timeout: Any) -> socket.socket:
            return sender.tls.wrap_socket(dial(host, port, timeout), server_hostname=host)

    made: Plain | Encrypted
    if server.scheme == "smtps":
        made = Encrypted(timeout=sender.read_seconds, context=sender.tls)
    else:
        made = Plain(timeout=sender.read_seconds)
    made._host = server.host  # what STARTTLS verifies
    return made


def _cut(lines: list[socket.socket]) -> None:
    for line in lines:
        with suppress(OSError):
            line.shutdown(socket.SHUT_RDWR)


def _say_goodbye(connection: smtplib.SMTP) -> None:
    """The mail is taken: whatever goes wrong from here on changes nothing."""
    try:
        connection.quit()
    except (smtplib.SMTPException, OSError):
        return


def _refusal(what: str, worst: int, best: int) -> Outcome:
    """5xx is for good, unless one of the answers was not."""
    if best >= 500 and worst not in (530, 534, 535, 538):  # log-in: the operator can mend it
        return Outcome(REFUSED, f"the server refuses {what} ({worst})", worst)
    return Outcome(FAILED, f"the server does not take {what} now ({worst})", worst)


def _address(written: str) -> Address:
    name, address = parseaddr(written)
    try:
        return Address(one_line(name, 100), addr_spec=address)
    except (MessageError, ValueError, IndexError):
        raise SettingsError(
            f"{one_line(written, 80)!r} is no e-mail address", mend="Write name@example.com"
        ) from None


def _bare(to: tuple[str, ...]) -> list[str]:
    return [parseaddr(one)[1] for one in to]


def _token(text: str) -> str:
    """An id as the left side of a Message-ID."""
    return "".join(sign if sign.isalnum() and sign.isascii() else "." for sign in text)[:200].strip(
        "."
    )


def _moment(message: Message) -> datetime:
    try:
        moment = datetime.fromisoformat(message.at)
    except ValueError:
        return datetime.now(UTC)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)
