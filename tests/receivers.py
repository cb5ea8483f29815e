"""Real receivers on this machine: they answer as told and keep what they were sent.

No receiver sleeps: one that is slow waits until the test releases it.
"""

import json
import socketserver
import ssl
import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID


@dataclass(frozen=True)
class Answer:
    """What a receiver says; `held` waits for `Receiver.release` first."""

    status: int = 200
    body: bytes = b"{}"
    headers: dict = field(default_factory=dict)
    held: bool = False


@dataclass(frozen=True)
class Got:
    """A request as it came."""

    method: str
    path: str
    headers: dict
    body: bytes

    @property
    def json(self):
        return json.loads(self.body)


class Receiver:
    """`answers` are given one after the other; the last one for ever."""

    def __init__(self, answers, tls=None):
        self.answers = list(answers) or [Answer()]
        self.requests = []
        self.names = []
        self.released = threading.Event()
        self.finished = threading.Semaphore(0)
        self.lock = threading.Lock()
        self.server = ThreadingHTTPServer(("127.0.0.1", 0), handler_for(self))
        self.server.daemon_threads = True
        self.scheme = "http"
        if tls:
            tls.sni_callback = lambda _socket, name, _context: self.names.append(name)
            self.server.socket = tls.wrap_socket(self.server.socket, server_side=True)
            self.scheme = "https"
        self.port = self.server.server_address[1]

    def url(self, path="/hook", host="127.0.0.1"):
        return f"{self.scheme}://{host}:{self.port}{path}"

    def take(self, got):
        with self.lock:
            self.requests.append(got)
            return self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]

    def release(self):
        """Let held answers go, and wait until one was given."""
        self.released.set()
        self.finished.acquire(timeout=20)


def handler_for(receiver):
    class Handler(BaseHTTPRequestHandler):
        def answer(self):
            length = int(self.headers.get("Content-Length") or 0)
            got = Got(self.command, self.path, dict(self.headers), self.rfile.read(length))
            answer = receiver.take(got)
            if answer.held:
                receiver.released.wait(timeout=20)
            try:
                self.send_response(answer.status)
                for name, value in answer.headers.items():
                    self.send_header(name, value)
                self.send_header("Content-Length", str(len(answer.body)))
                self.end_headers()
                self.wfile.write(answer.body)
            except OSError:
                # The caller has left; that is what some tests are about.
                self.close_connection = True
            receiver.finished.release()

        do_GET = do_POST = answer  # noqa: N815

        def log_message(self, *args):
            pass

    return Handler


@contextmanager
def receiver(*answers, tls=None):
    """A running receiver; `tls` is a server context (see `certificate`)."""
    made = Receiver(answers, tls)
    thread = threading.Thread(target=made.server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield made
    finally:
        made.released.set()
        made.server.shutdown()
        made.server.server_close()
        thread.join()


def certificate(folder, name):
    """A server context with a certificate for `name`, and the file to trust it by."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    now = datetime.now(UTC)
    made = (
        x509.CertificateBuilder()
        .subject_name(subject)
        .issuer_name(subject)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - timedelta(days=1))
        .not_valid_after(now + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
        .add_extension(x509.BasicConstraints(ca=True, path_length=0), critical=True)
        .sign(key, hashes.SHA256())
    )
    public, private = folder / f"{name}.pem", folder / f"{name}.key"
    public.write_bytes(made.public_bytes(serialization.Encoding.PEM))
    private.write_bytes(
        key.private_bytes(
            serialization.Encoding.PEM,
            serialization.PrivateFormat.PKCS8,
            serialization.NoEncryption(),
        )
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(public, private)
    return context, public


class MailServer:
    """A mail server that keeps messages; `refusals` maps a command to what it is answered."""

    def __init__(self, refusals):
        self.refusals = refusals
        self.messages = []
        self.server = socketserver.ThreadingTCPServer(("127.0.0.1", 0), mail_handler_for(self))
        self.server.daemon_threads = True
        self.port = self.server.server_address[1]


def mail_handler_for(mail_server):
    class Handler(socketserver.StreamRequestHandler):
        def say(self, line):
            self.wfile.write(line.encode() + b"\r\n")

        def handle(self):
            self.say("220 here")
            while command := self.rfile.readline().decode().strip().split(" ")[0].upper():
                if command in mail_server.refusals:
                    self.say(mail_server.refusals[command])
                elif command == "DATA":
                    self.take()
                else:
                    self.say("250 fine")

        def take(self):
            self.say("354 go on")
            lines = []
            while (line := self.rfile.readline()) not in (b".\r\n", b""):
                lines.append(line)
            mail_server.messages.append(b"".join(lines))
            self.say("250 taken")

    return Handler


@contextmanager
def mail_server(**refusals):
    """A running mail server: `mail_server(RCPT="550 nobody")`."""
    made = MailServer(refusals)
    thread = threading.Thread(target=made.server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield made
    finally:
        made.server.shutdown()
        made.server.server_close()
        thread.join()
