"""The one way out over HTTP: to allowed hosts only, at the address that was checked.

The name is resolved once and the connection goes to that address, while Host,
SNI and certificate keep the name: between check and call nobody can move it.
No redirect is followed, no proxy or password comes from the environment, and an
answer is read up to `LIMIT` bytes and for `timeout` seconds. The pauses between
two bytes of an answer's headers are limited, their sum is not: a receiver that
means harm could hold one sender that long, and the lease covers it.
"""

import socket
import time
from collections.abc import Mapping
from dataclasses import dataclass
from ipaddress import ip_address
from typing import Any

import requests
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _
from requests.adapters import HTTPAdapter
from urllib3.exceptions import HTTPError

from notices.channels.hosts import Allowed, Place, place_of

LIMIT = 64 * 1024
CONNECT = 5.0  # seconds
READ = 10.0  # seconds
AGENT = "Gezhi"


class Refused(Exception):
    """This side does not make the call; the message says why, for people."""


class Unreachable(Exception):
    """No answer came; the message says what happened, for people."""


@dataclass(frozen=True, slots=True)
class Answer:
    """A status, and the beginning of the body where it was asked for. Never keep the body."""

    status: int
    body: bytes = b""

    @property
    def ok(self) -> bool:
        """Whether it was taken; a redirect is not followed, so it was not."""
        return 200 <= self.status < 300


def call(
    method: str,
    url: str,
    *,
    body: bytes | None = None,
    headers: Mapping[str, str] | None = None,
    params: Mapping[str, str] | None = None,
    auth: tuple[str, str] | None = None,
    read: bool = False,
    timeout: tuple[float, float] = (CONNECT, READ),
) -> Answer:
    """Call a URL once; `read` asks for the beginning of the answer's body.

    `timeout`: seconds to connect, seconds to wait for an answer.
    Raises Refused or Unreachable.
    """
    try:
        place = place_of(url)
        address = _checked_address(place)
    except ValidationError as wrong:
        raise Refused(" ".join(wrong.messages)) from None
    with requests.Session() as session:
        session.trust_env = False
        session.mount("http://", _Pinned(address))
        session.mount("https://", _Pinned(address))
        try:
            with session.request(
                method,
                url,
                params=params,
                data=body,
                headers={"User-Agent": AGENT, **(headers or {}), "Host": place.header},
                auth=auth,
                timeout=timeout,
                verify=settings.NOTICE_CA_FILE or True,
                allow_redirects=False,
                stream=True,
            ) as response:
                beginning = _beginning(response, timeout[1]) if read else b""
                return Answer(response.status_code, beginning)
        except (requests.RequestException, HTTPError, OSError) as fault:
            raise Unreachable(_what_happened(fault)) from None


class _Pinned(HTTPAdapter):
    """Connects to one address, whatever the URL names; a certificate must be the name's."""

    def __init__(self, address: str) -> None:
        super().__init__(max_retries=0)
        self.address = address

    def build_connection_pool_key_attributes(
        self, request: requests.PreparedRequest, verify: Any, cert: Any = None
    ) -> tuple[Any, Any]:
        """What requests connects to: the checked address, under the name of the URL."""
        host, pool = super().build_connection_pool_key_attributes(request, verify, cert)
        name = host["host"].strip("[]")
        secure = {"server_hostname": name, "assert_hostname": name}
        return {**host, "host": self.address}, {
            **pool,
            **(secure if host["scheme"] == "https" else {}),
        }


def _checked_address(place: Place) -> str:
    """The address to connect to. Raises ValidationError or Unreachable.

    One address that is not allowed among those of a name refuses the name.
    """
    allowed = Allowed.now()
    allowed.check_place(place)
    if place.ip is not None:
        return str(place.ip)
    try:
        found = socket.getaddrinfo(place.host, place.port, type=socket.SOCK_STREAM)
    except (OSError, UnicodeError):
        raise Unreachable(
            _("找不到主机 %(host)s，请核对网址和域名解析。") % {"host": place.host}
        ) from None
    addresses = [str(address[0]) for _family, _type, _protocol, _name, address in found]
    for address in addresses:
        allowed.check_ip(ip_address(address), place)
    # IPv4 first: the networks of offices rarely carry the other.
    return min(addresses, key=lambda address: ":" in address)


def _beginning(response: requests.Response, seconds: float) -> bytes:
    until = time.monotonic() + seconds
    body = b""
    while len(body) < LIMIT and time.monotonic() < until:
        piece: bytes = response.raw.read1(LIMIT - len(body), decode_content=True)
        if not piece:
            break
        body += piece
    return body


def _what_happened(fault: Exception) -> str:
    name = type(fault).__name__
    if isinstance(fault, requests.exceptions.SSLError):
        return _("对方的证书不可信（%(name)s）。") % {"name": name}
    if isinstance(fault, requests.Timeout):
        return _("对方没有及时回答（%(name)s）。") % {"name": name}
    return _("连不上对方（%(name)s）。") % {"name": name}
