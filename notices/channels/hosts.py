"""Which hosts may be called: the list of allowed hosts, read the same way everywhere.

A street office's servers do have private addresses, so these are not refused as
such; they need a range (CIDR) on the list:

- a name needs an entry with that name, or "*.example.cn" for all below it;
- an address, written as such or found for a name, that is not public needs a
  range that contains it, and so does an address written instead of a name;
- plain http is for hosts in such a range only;
- addresses that tell a cloud machine its own secrets are refused whatever is listed.
"""

import re
from dataclasses import dataclass
from ipaddress import (
    IPv4Address,
    IPv4Network,
    IPv6Address,
    IPv6Network,
    ip_address,
    ip_network,
)
from urllib.parse import urlsplit

from django.core.exceptions import ValidationError
from django.utils.translation import gettext as _

from notices.models import AllowedHost

IP = IPv4Address | IPv6Address
Network = IPv4Network | IPv6Network

# Where AWS, Alibaba, Tencent, Huawei and others answer a machine about itself.
METADATA = frozenset(
    map(ip_address, ("169.254.169.254", "169.254.0.23", "100.100.100.200", "fd00:ec2::254"))
)
# IPv4 carried in IPv6 by a translating router (RFC 6052).
NAT64 = IPv6Network("64:ff9b::/96")
NAME = re.compile(r"(?=.{1,253}\Z)([a-z0-9_]([a-z0-9_-]{0,61}[a-z0-9_])?\.)*[a-z0-9-]{1,63}")
# No spaces, quotes, braces and backslashes: programs read them in different ways.
WRITABLE = re.compile(r"[A-Za-z0-9._~:/?#\[\]@!$&()*+,;=%-]{1,2000}")
PORTS = {"https": 443, "http": 80}
# Wider ranges allow half the world by mistake.
WIDEST = {4: 8, 6: 16}


@dataclass(frozen=True, slots=True)
class Place:
    """Where a URL leads."""

    scheme: str
    host: str
    port: int

    @property
    def ip(self) -> IP | None:
        """The address, if one is written instead of a name."""
        return _ip(self.host)

    @property
    def header(self) -> str:
        """The Host header of a request to it."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == PORTS[self.scheme] else f"{host}:{self.port}"


@dataclass(frozen=True, slots=True)
class Allowed:
    """The list at one moment."""

    names: frozenset[str]
    networks: tuple[Network, ...]

    @classmethod
    def now(cls) -> "Allowed":
        """The list as it stands; an entry that cannot be read allows nothing."""
        patterns = [clean(text) for text in AllowedHost.objects.values_list("pattern", flat=True)]
        networks = [network for pattern in patterns if (network := _network(pattern))]
        return cls(frozenset(patterns), tuple(networks))

    def names_host(self, host: str) -> bool:
        """Whether an entry is this name, or a wildcard above it."""
        labels = host.split(".")
        above = {"*." + ".".join(labels[n:]) for n in range(1, len(labels))}
        return not self.names.isdisjoint({host} | above)

    def contains(self, ip: IP) -> bool:
        """Whether a range holds the address."""
        return any(ip in network for network in self.networks)

    def check_place(self, place: Place) -> None:
        """Raise ValidationError when the URL alone tells that it must not be called."""
        ip = place.ip
        if ip is not None:
            self.check_ip(ip, place)
            if not self.contains(plain(ip)):
                raise ValidationError(_not_listed(place.host))
        elif not self.names_host(place.host):
            raise ValidationError(_not_listed(place.host))
        elif place.scheme == "http" and not self.networks:
            raise ValidationError(_only_https(place.host))

    def check_ip(self, ip: IP, place: Place) -> None:
        """Raise ValidationError when a place must not be called at this address."""
        ip = plain(ip)
        listed = self.contains(ip)
        if ip in METADATA or ip.is_multicast or ip.is_unspecified:
            raise ValidationError(
                _("%(host)s 指向不可调用的地址，请换一个。") % {"host": place.host}
            )
        if not ip.is_global and not listed:
            raise ValidationError(
                _("%(host)s 指向内网地址。请先在允许的主机中加入包含它的网段（CIDR）。")
                % {"host": place.host}
            )
        if place.scheme == "http" and not listed:
            raise ValidationError(_only_https(place.host))


def place_of(url: str) -> Place:
    """Where a URL leads. Raises ValidationError, saying what is wrong with it."""
    wrong = ValidationError(_("请填写完整的网址，例如 https://example.cn/path。"))
    if not WRITABLE.fullmatch(url):
        raise wrong
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        raise wrong from None
    host = (parts.hostname or "").removesuffix(".")
    if parts.scheme not in PORTS or not (_ip(host) or NAME.fullmatch(host)):
        raise wrong
    if parts.username is not None or parts.password is not None:
        raise ValidationError(_("网址中请不要写用户名和密码。"))
    return Place(parts.scheme, host, port or PORTS[parts.scheme])


def check_url(url: str) -> None:
    """Raise ValidationError when a URL cannot be a target's, by the list as it stands."""
    Allowed.now().check_place(place_of(url))


def check_pattern(pattern: str) -> str:
    """The entry as it is stored. Raises ValidationError when it says nothing, or too much."""
    cleaned = clean(pattern)
    network = _network(cleaned)
    if network is not None:
        if network.prefixlen < WIDEST[network.version]:
            raise ValidationError(_("网段太大，请只写需要的范围，例如 10.20.0.0/16。"))
        return str(network)
    name = cleaned.removeprefix("*.")
    if not NAME.fullmatch(name) or "/" in cleaned:
        raise ValidationError(
            _("请填写主机名、以 *. 开头的域名，或网段，例如 10.20.0.0/16；不带 http:// 和路径。")
        )
    if cleaned.startswith("*.") and "." not in name:
        raise ValidationError(_("通配范围太大，请写到单位的域名，例如 *.example.gov.cn。"))
    return cleaned


def clean(pattern: str) -> str:
    """The entry in small letters, without the dot and spaces that people leave."""
    return pattern.strip().lower().removesuffix(".")


def plain(ip: IP) -> IP:
    """The IPv4 address inside an IPv6 one that only carries it."""
    if isinstance(ip, IPv6Address):
        if ip in NAT64:
            return IPv4Address(int(ip) & 0xFFFFFFFF)
        return ip.ipv4_mapped or ip.sixtofour or ip
    return ip


def _ip(host: str) -> IP | None:
    try:
        return ip_address(host)
    except ValueError:
        return None


def _network(pattern: str) -> Network | None:
    try:
        return ip_network(pattern)
    except ValueError:
        return None


def _not_listed(host: str) -> str:
    return _("%(host)s 不在允许的主机中，请管理员先加入。") % {"host": host}


def _only_https(host: str) -> str:
    return _("%(host)s 请用 https；只有列入网段的内网主机可以用 http。") % {"host": host}
