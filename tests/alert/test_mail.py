"""Mail to a real SMTP server: encrypted, logged in, and harmless whatever names are in it."""

import email
import email.policy
import socket
import ssl
import threading
import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field, replace
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import SMTP, AuthResult

from app.alert.addresses import read_allow_list
from app.alert.channels import Channels
from app.alert.retrying import DELIVERED, FAILED, REFUSED
from app.alert.sending import Sender
from app.core.errors import SettingsError
from app.settings import ChannelSettings, SecretText
from tests.alert.certificates import server_context
from tests.alert.notices import HOSTILE, NOTICE, message, named
from tests.alert.receivers import loopback_sender, raw_receiver

NAME = "mail.internal"


@dataclass
class Mailbox:
    """What the server took, and how it answers."""

    port: int = 0
    mails: list[tuple[list[str], bytes]] = field(default_factory=list)
    users: list[str] = field(default_factory=list)
    answer: str = "250 OK"
    refuse: str = ""

    async def handle_RCPT(  # noqa: N802
        self, server: Any, session: Any, envelope: Any, address: str, options: Any
    ) -> str:
        if self.refuse and self.refuse in address:
            return "550 no such user"
        envelope.rcpt_tos.append(address)
        return "250 OK"

    async def handle_DATA(self, server: Any, session: Any, envelope: Any) -> str:  # noqa: N802
        self.mails.append((list(envelope.rcpt_tos), bytes(envelope.content)))
        return self.answer

    def log_in(self, server: Any, session: Any, envelope: Any, how: str, data: Any) -> AuthResult:
        self.users.append(data.login.decode())
        return AuthResult(success=data.password == b"p@ss word")


@contextmanager
def mail_server(tls: ssl.SSLContext | None = None, implicit: bool = False) -> Iterator[Mailbox]:
    box = Mailbox()

    class Bound(Controller):
        def factory(self) -> SMTP:
            with warnings.catch_warnings():
                # It does not see that implicit TLS is TLS.
                warnings.simplefilter("ignore")
                return SMTP(
                    box,
                    tls_context=None if implicit else tls,
                    require_starttls=tls is not None and not implicit,
                    authenticator=box.log_in,
                    auth_required=tls is not None,
                    auth_require_tls=not implicit,
                    decode_data=False,
                )

    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    controller = Bound(box, hostname="127.0.0.1", port=port, ssl_context=tls if implicit else None)
    controller.start()
    box.port = port
    try:
        yield box
    finally:
        controller.stop()


def channels(
    url: str,
    password: str = "",
    sender: Sender | None = None,
    to: tuple[str, ...] = ("on-call@example.com", "CISO <ciso@example.com>"),
) -> Channels:
    secrets = (SecretText(password, is_all_secret=True),) if password else ()
    mail = ChannelSettings(
        "mail",
        "mail",
        SecretText(url, is_all_secret=True),
        secrets,
        "Lakewarden <lakewarden@example.com>",
        to,
    )
    return Channels({"mail": mail}, sender or loopback_sender(), "https://lw.example.com")


def parsed(content: bytes) -> EmailMessage:
    found = email.message_from_bytes(content, policy=email.policy.default)
    assert isinstance(found, EmailMessage)
    return found


def test_a_mail_says_what_opened_and_belongs_to_its_incidents_thread() -> None:
    with mail_server() as box:
        it = channels(f"smtp+plain://127.0.0.1:{box.port}")
        assert it.send("mail", message()).result == DELIVERED
        assert it.send("mail", message(named("prod", "resolved"))).result == DELIVERED
    (to, first), (_, second) = box.mails
    assert to == ["on-call@example.com", "ciso@example.com"]
    mail, later = parsed(first), parsed(second)
    assert mail["Subject"].startswith("[SEV0] prod: SEV0 opened: membership of role:public")
    assert mail["Message-ID"] == f"<{NOTICE.id.replace('-', '.')}@example.com>"
    assert mail["References"] == later["References"]
    text = mail.get_content()
    for said in (
        "45000 exposures, 45000 tables, 12000 people",
        "Owners: privacy@example.com",
        "Granted by: hive_admin",
        "Since: 2026-06-12 08:00:00 UTC",
        f"https://lw.example.com/v1/lakes/{NOTICE.lake}/incidents/{NOTICE.incident}",
    ):
        assert said in text


@pytest.mark.parametrize("hostile", HOSTILE, ids=range(len(HOSTILE)))
def test_hostile_names_add_no_header_and_no_receiver(hostile: str) -> None:
    with mail_server() as box:
        it = channels(f"smtp+plain://127.0.0.1:{box.port}")
        assert it.send("mail", message(named(hostile))).result == DELIVERED
    ((to, content),) = box.mails
    mail = parsed(content)
    assert to == ["on-call@example.com", "ciso@example.com"]
    assert set(mail.keys()) <= {
        "From", "To", "Subject", "Date", "Message-ID", "References", "Auto-Submitted",
        "X-Lakewarden-Severity", "Content-Type", "Content-Transfer-Encoding", "MIME-Version",
    }  # fmt: skip
    assert len(mail.get_all("Subject", [])) == 1
    assert mail.get_content_type() == "text/plain"
    assert not mail["Subject"].startswith(("=", "+", "-", "@"))
    assert all(len(line) <= 1000 for line in content.split(b"\r\n"))


@pytest.mark.parametrize("scheme", ["smtp", "smtps"])
def test_it_is_encrypted_for_the_name_at_the_vetted_address(scheme: str, tmp_path: Path) -> None:
    server, trusting = server_context(tmp_path, NAME)
    sender = Sender(
        allow=read_allow_list([NAME]), resolve=lambda *_: ["127.0.0.1"], tls=trusting,
        total_seconds=1.0,
    )  # fmt: skip
    with mail_server(server, implicit=scheme == "smtps") as box:
        url = f"{scheme}://lake@{NAME}:{box.port}"
        assert channels(url, "p@ss word", sender).send("mail", message()).result == DELIVERED
        assert (box.users, len(box.mails)) == (["lake"], 1)
        wrong = channels(url, "wrong", sender).send("mail", message())
        assert (wrong.result, "wrong" in wrong.detail) == (FAILED, False)
        distrusting = Sender(allow=sender.allow, resolve=sender.resolve)
        begun = time.monotonic()
        other = channels(url, "p@ss word", distrusting).send("mail", message())
        assert time.monotonic() - begun < 2
        assert (other.result, other.detail) == (FAILED, "no trusted TLS connection")
        assert len(box.mails) == 1


def test_a_server_without_starttls_gets_nothing() -> None:
    with mail_server() as box:
        outcome = channels(f"smtp://127.0.0.1:{box.port}", "secret").send("mail", message())
        assert outcome.result == FAILED
        assert box.mails == []


@pytest.mark.parametrize(
    ("answer", "result"), [("451 later", FAILED), ("554 never", REFUSED), ("250 OK", DELIVERED)]
)
def test_what_the_server_says_of_a_mail(answer: str, result: str) -> None:
    with mail_server() as box:
        box.answer = answer
        it = channels(f"smtp+plain://127.0.0.1:{box.port}")
        assert it.send("mail", message()).result == result


def test_receivers_that_are_refused_are_said() -> None:
    with mail_server() as box:
        it = channels(f"smtp+plain://127.0.0.1:{box.port}")
        box.refuse = "ciso"
        outcome = it.send("mail", message())
        assert (outcome.result, "not for 1 of 2" in outcome.detail) == (DELIVERED, True)
        box.refuse = "@"
        assert it.send("mail", message()).result == REFUSED


def test_a_server_that_never_answers_or_drips_is_left_in_time() -> None:
    def drip(line: socket.socket) -> None:
        for _ in range(100):
            line.sendall(b"220-hello\r\n")
            time.sleep(0.02)

    with socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        begun = time.monotonic()
        it = channels(f"smtp+plain://127.0.0.1:{port}", sender=loopback_sender(0.4))
        assert it.send("mail", message()).result == FAILED
        assert time.monotonic() - begun < 2
    with raw_receiver(drip) as url:
        begun = time.monotonic()
        address = url.replace("http://", "smtp+plain://")
        it = channels(address, sender=loopback_sender(0.4))
        assert it.send("mail", message()).result == FAILED
        assert time.monotonic() - begun < 2


@pytest.mark.parametrize("scheme", ["smtps", "smtp"])
def test_a_handshake_that_drips_is_left_in_time(scheme: str) -> None:
    def drip(line: socket.socket) -> None:
        if scheme == "smtp":
            line.sendall(b"220 hi\r\n")
            line.recv(1000)
            line.sendall(b"250-hi\r\n250 STARTTLS\r\n")
            line.recv(1000)
            line.sendall(b"220 go\r\n")
            line.recv(1000)
        line.sendall(b"\x16\x03\x03\x40\x00")  # a record of 16 kB, byte by byte
        for _ in range(300):
            line.sendall(b"\x02")
            time.sleep(0.02)

    listening = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with suppress(OSError):
            line, _ = listening.accept()
            with line:
                drip(line)

    thread = threading.Thread(target=serve)
    thread.start()
    begun = time.monotonic()
    it = channels(f"{scheme}://127.0.0.1:{listening.getsockname()[1]}", sender=loopback_sender(0.6))
    assert it.send("mail", message()).result == FAILED
    assert time.monotonic() - begun < 3
    thread.join()
    listening.close()


def test_many_addresses_that_do_not_answer_are_left_in_time(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    waited: list[float] = []

    def silent(address: tuple[str, int], timeout: float) -> socket.socket:
        waited.append(timeout)
        time.sleep(timeout)
        raise TimeoutError

    monkeypatch.setattr(socket, "create_connection", silent)
    many = [f"127.0.1.{number}" for number in range(1, 200)]
    sender = replace(loopback_sender(0.5), connect_seconds=0.2, resolve=lambda *_: many)
    begun = time.monotonic()
    assert (
        channels("smtp://mail.internal:25", sender=sender).send("mail", message()).result == FAILED
    )
    assert time.monotonic() - begun < 2
    assert len(waited) <= 3


def test_a_private_server_that_is_not_listed_is_not_dialled() -> None:
    outcome = channels("smtp://127.0.0.1:25", sender=Sender()).send("mail", message())
    assert (outcome.result, "loopback" in outcome.detail) == (FAILED, True)


@pytest.mark.parametrize(
    ("url", "password"),
    [
        ("https://mail.example.com", ""),
        ("smtp://", ""),
        ("smtp://host:99999", ""),
        ("smtp://user:pw@host", ""),
        ("smtp+plain://user@host", "pw"),
        ("smtp://host/path", ""),
    ],
)
def test_an_address_that_is_no_mail_server_is_refused(url: str, password: str) -> None:
    from app.alert.mail import read_server

    with pytest.raises(SettingsError):
        read_server(url, password)
    assert channels(url, password).send("mail", message()).result == FAILED


@pytest.mark.parametrize("to", ["nobody", "a@b\r\nBcc: c@d", "<a@b>, c@d", "a b@c", "@x"])
def test_an_address_that_is_none_makes_no_mail(to: str) -> None:
    with mail_server() as box:
        it = channels(f"smtp+plain://127.0.0.1:{box.port}", to=(to,))
        outcome = it.send("mail", message())
    for receivers, _ in box.mails:
        assert len(receivers) == 1
    assert outcome.result in (FAILED, REFUSED, DELIVERED)
    if outcome.result == DELIVERED:
        assert b"Bcc" not in box.mails[0][1].split(b"\r\n\r\n")[0]
