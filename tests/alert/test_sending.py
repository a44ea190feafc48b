"""Real receivers that fail, are slow, redirect, never answer or send without end."""

import socket
import time

import pytest

from app.alert.addresses import AllowList, read_allow_list
from app.alert.retrying import DELIVERED, FAILED, GONE, REFUSED, THROTTLED
from app.alert.sending import LONGEST_BODY, Post, Sender
from tests.alert.receivers import (
    LOOPBACK,
    Handler,
    Received,
    loopback_sender,
    raw_receiver,
    receiver,
)

BODY = b'{"type":"test"}'


@pytest.mark.parametrize(
    ("status", "result"),
    [
        (200, DELIVERED),
        (202, DELIVERED),
        (204, DELIVERED),
        (400, FAILED),
        (401, FAILED),
        (404, FAILED),
        (408, FAILED),
        (410, GONE),
        (422, REFUSED),
        (429, THROTTLED),
        (500, FAILED),
        (502, THROTTLED),
        (503, FAILED),
        (504, THROTTLED),
        (599, FAILED),
    ],
)
def test_each_answer_means_what_the_conventions_say(status: int, result: str) -> None:
    def answer(handler: Handler, _: Received) -> None:
        handler.reply(status, {"retry-after": "7"})

    with receiver(answer) as target:
        outcome = loopback_sender().send(Post(target.url, BODY, refused=frozenset({422})))
    assert (outcome.result, outcome.status) == (result, status)
    assert len(target.requests) == 1
    assert target.requests[0].body == BODY
    if status in (429, 503):
        assert outcome.retry_after == 7.0


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_is_a_failure_and_is_not_followed(status: int) -> None:
    with receiver() as other:

        def answer(handler: Handler, _: Received) -> None:
            handler.reply(status, {"location": other.url})

        with receiver(answer) as target:
            outcome = loopback_sender().send(Post(target.url, BODY))
        assert other.requests == []
    assert (outcome.result, outcome.status) == (FAILED, status)


def test_a_receiver_that_never_answers_is_left_in_time() -> None:
    def answer(handler: Handler, _: Received) -> None:
        handler.receiver.stopping.wait(10)

    with receiver(answer) as target:
        begun = time.monotonic()
        outcome = loopback_sender(total_seconds=0.4).send(Post(target.url, BODY))
        assert time.monotonic() - begun < 2
    assert outcome.result == FAILED
    assert "in time" in outcome.detail


def test_a_header_that_drips_in_does_not_stretch_the_time() -> None:
    def talk(line: socket.socket) -> None:
        for sign in b"HTTP/1.1 200 OK\r\nX: " + b"y" * 200:
            line.sendall(bytes([sign]))
            time.sleep(0.05)

    with raw_receiver(talk) as url:
        begun = time.monotonic()
        outcome = loopback_sender(total_seconds=0.4).send(Post(url, BODY))
        assert time.monotonic() - begun < 2
    assert outcome.result == FAILED


def test_a_gigabyte_is_not_read() -> None:
    sent = 0

    def talk(line: socket.socket) -> None:
        nonlocal sent
        line.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1073741824\r\n\r\n")
        for _ in range(16_384):
            line.sendall(b"x" * 65_536)
            sent += 65_536

    with raw_receiver(talk) as url:
        outcome = loopback_sender().send(Post(url, BODY))
    assert outcome.result == DELIVERED
    assert sent < 64 * 1024 * 1024


def test_a_body_that_never_ends_does_not_undo_the_answer() -> None:
    def talk(line: socket.socket) -> None:
        line.sendall(b"HTTP/1.1 204 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
        time.sleep(1)

    with raw_receiver(talk) as url:
        outcome = loopback_sender(total_seconds=0.4).send(Post(url, BODY))
    assert outcome.result == DELIVERED


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200",
        b"garbage\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 300_000 + b"\r\n\r\n",
        b"HTTP/1.1 99999 OK\r\n\r\n",
        b"\xff" * 1000,
        b"SSH-2.0-OpenSSH_9\r\n",
        b"HTTP/1.1 100 Continue\r\n\r\n" * 3,
    ],
    ids=range(8),
)
def test_what_is_no_answer_is_a_failure(answer: bytes) -> None:
    with raw_receiver(lambda line: line.sendall(answer)) as url:
        assert loopback_sender(total_seconds=0.5).send(Post(url, BODY)).result == FAILED


def test_nobody_there_is_a_failure() -> None:
    with socket.create_server(("127.0.0.1", 0)) as listening:
        port = listening.getsockname()[1]
    assert loopback_sender().send(Post(f"http://127.0.0.1:{port}/", BODY)).result == FAILED


def test_proxies_of_the_environment_are_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    with receiver() as proxy, receiver() as target:
        for name in ("HTTP_PROXY", "http_proxy", "ALL_PROXY", "HTTPS_PROXY"):
            monkeypatch.setenv(name, proxy.url)
        monkeypatch.setenv("NO_PROXY", "")
        assert loopback_sender().send(Post(target.url, BODY)).result == DELIVERED
        assert (len(proxy.requests), len(target.requests)) == (0, 1)


def test_too_much_is_not_sent() -> None:
    with receiver() as target:
        outcome = loopback_sender().send(Post(target.url, b"x" * (LONGEST_BODY + 1)))
        assert outcome.result == FAILED
        assert target.requests == []


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.com/",  # plain http, not listed
        "https://user:password@hooks.example.com/",
        "ftp://hooks.example.com/",
        "file:///etc/passwd",
        "https:///path",
        "https://hooks.example.com/\nHost: x",
        "https://hooks.example.com/ x",
        "https://[::1",
        "gopher://127.0.0.1:25/",
        "",
    ],
)
def test_urls_that_are_no_receivers_are_refused(url: str) -> None:
    def resolve(host: str, port: int) -> list[str]:
        raise AssertionError("nothing was to be looked up")

    outcome = Sender(allow=AllowList(), resolve=resolve).send(Post(url, BODY))
    assert outcome.result == FAILED
    assert "password" not in outcome.detail.replace("a password", "")


def test_a_name_that_rebinds_is_dialled_at_its_vetted_address() -> None:
    """The second look-up, were there one, would give another address."""
    with receiver() as target:
        port = int(target.url.split(":")[2].split("/")[0])
        answers = iter([["127.0.0.1"]])

        def resolve(host: str, _: int) -> list[str]:
            assert host == "hooks.internal"
            return next(answers)  # a second question has no answer at all

        sender = Sender(allow=read_allow_list(["hooks.internal"]), resolve=resolve)
        outcome = sender.send(Post(f"http://hooks.internal:{port}/hook", BODY))
    assert outcome.result == DELIVERED
    assert target.requests[0].headers["host"] == f"hooks.internal:{port}"


def test_a_name_with_one_private_address_is_never_dialled() -> None:
    with receiver() as target:
        port = int(target.url.split(":")[2].split("/")[0])
        sender = Sender(
            allow=read_allow_list(["8.8.8.8"]), resolve=lambda host, _: ["8.8.8.8", "127.0.0.1"]
        )
        outcome = sender.send(Post(f"https://hooks.example.com:{port}/", BODY))
        assert outcome.result == FAILED
        assert "loopback" in outcome.detail
        assert target.requests == []


def test_the_second_address_is_tried_where_the_first_is_dead() -> None:
    with receiver() as target:
        port = target.url.split(":")[2].split("/")[0]
        sender = Sender(allow=LOOPBACK, resolve=lambda host, _: ["127.0.0.2", "127.0.0.1"])
        assert sender.send(Post(f"http://localhost:{port}/", BODY)).result == DELIVERED


@pytest.mark.parametrize(
    "host",
    [
        *("127.0.0.1", "127.1", "127.0.1", "0", "0x7f000001", "0x7f.1", "2130706433"),
        *("017700000001", "0177.0.0.1", "127.0.0.1.", "localhost", "LOCALHOST.", "0.0.0.0"),
        *("127\u30020\u30020\u30021", "127\uff0e0\uff0e0\uff0e1", "127\uff610\uff610\uff611"),
        *("\uff11\uff12\uff17.0.0.1", "\u2460\u2461\u2466.0.0.1", "%31%32%37.0.0.1"),
        *("127.0.0.1%00.example.com", "127.0.0.1#@example.com", "127.0.0.1:80@8.8.8.8"),
        *("8.8.8.8@127.0.0.1", "[::1]", "[::]", "[::ffff:127.0.0.1]", "[::127.0.0.1]"),
        *("[64:ff9b::7f00:1]", "[2002:7f00:1::]", "[2001:0:7f00:1::]", "[fe80::1%25lo]"),
        *("169.254.169.254", "0xa9fea9fe", "2852039166", "[fd00:ec2::254]", "[100::1]"),
    ],
)
def test_whatever_way_an_inner_host_is_written_nothing_is_dialled(
    host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    def dialled(*_: object, **__: object) -> socket.socket:
        raise AssertionError("it was dialled")

    monkeypatch.setattr(socket, "create_connection", dialled)
    # Numbers are read by the system's own resolver; names ask nobody here.
    outcome = Sender(resolve=_numbers_only).send(Post(f"https://{host}/x", BODY))
    assert outcome.result == FAILED
    assert outcome.detail.startswith(("alerts do not go to", "the url"))


def _numbers_only(host: str, port: int) -> list[str]:
    if host == "localhost":
        return ["127.0.0.1", "::1"]
    found = socket.getaddrinfo(host, port, flags=socket.AI_NUMERICHOST)
    return [str(entry[4][0]) for entry in found]
