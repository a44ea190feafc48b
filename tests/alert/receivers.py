"""Real receivers on loopback: HTTP servers that answer as a test wants, or do not."""

import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from app.alert.addresses import AllowList, read_allow_list
from app.alert.sending import Sender

LOOPBACK = read_allow_list(["127.0.0.0/8", "::1/128", "localhost"])


@dataclass(frozen=True)
class Received:
    """A request as it came."""

    path: str
    headers: dict[str, str]
    body: bytes
    at: float


@dataclass
class Receiver:
    """A server; `answer` says what to do with each request, by default 200."""

    url: str = ""
    requests: list[Received] = field(default_factory=list)
    answer: Callable[["Handler", Received], None] | None = None
    stopping: threading.Event = field(default_factory=threading.Event)


class Handler(BaseHTTPRequestHandler):
    """Notes the request, then answers."""

    protocol_version = "HTTP/1.1"
    receiver: Receiver

    def do_POST(self) -> None:
        """Every request is a POST."""
        length = int(self.headers.get("content-length", "0"))
        body = self.rfile.read(length)
        headers = {name.lower(): value for name, value in self.headers.items()}
        received = Received(self.path, headers, body, time.monotonic())
        self.receiver.requests.append(received)
        try:
            if self.receiver.answer is None:
                self.reply(200)
            else:
                self.receiver.answer(self, received)
        except OSError:
            self.close_connection = True

    def reply(self, status: int, headers: dict[str, str] | None = None, body: bytes = b"") -> None:
        """A whole answer."""
        self.send_response(status)
        for name, value in {"content-length": str(len(body)), **(headers or {})}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet."""


@contextmanager
def receiver(
    answer: Callable[[Handler, Received], None] | None = None, host: str = "127.0.0.1"
) -> Iterator[Receiver]:
    """A running receiver."""
    state = Receiver(answer=answer)
    handler = type("Bound", (Handler,), {"receiver": state})
    server = ThreadingHTTPServer((host, 0), handler)
    server.daemon_threads = True
    state.url = f"http://{host}:{server.server_address[1]}/hook"
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    try:
        yield state
    finally:
        state.stopping.set()
        server.shutdown()
        thread.join()
        server.server_close()


@contextmanager
def raw_receiver(talk: Callable[[socket.socket], None]) -> Iterator[str]:
    """A server that talks as it likes, once for each connection; its url."""
    listening = socket.create_server(("127.0.0.1", 0))
    listening.settimeout(0.05)
    stop = threading.Event()

    def serve() -> None:
        while not stop.is_set():
            try:
                line, _ = listening.accept()
            except TimeoutError:
                continue
            with line:
                line.settimeout(5)
                try:
                    line.recv(65536)
                    talk(line)
                except OSError:
                    pass

    thread = threading.Thread(target=serve)
    thread.start()
    try:
        yield f"http://127.0.0.1:{listening.getsockname()[1]}/"
    finally:
        stop.set()
        thread.join()
        listening.close()


def loopback_sender(total_seconds: float = 2.0, allow: AllowList = LOOPBACK) -> Sender:
    """A sender that may go to loopback, and has little patience."""
    return Sender(
        allow=allow, connect_seconds=1.0, read_seconds=total_seconds, total_seconds=total_seconds
    )
