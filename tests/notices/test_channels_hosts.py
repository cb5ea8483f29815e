"""Which hosts may be called, at saving and at sending."""

import socket

import pytest
from django.core.exceptions import ValidationError

from notices.channels import door, hosts
from notices.models import AllowedHost
from tests.receivers import Answer, certificate, receiver

pytestmark = pytest.mark.django_db


def allow(*patterns):
    AllowedHost.objects.all().delete()
    for pattern in patterns:
        AllowedHost.objects.create(pattern=hosts.check_pattern(pattern))


def refused(url):
    with pytest.raises(ValidationError):
        hosts.check_url(url)
    with pytest.raises(door.Refused):
        door.call("POST", url)
    return True


def test_nothing_may_be_called_without_an_entry():
    assert refused("https://example.cn/hook")
    assert refused("http://10.1.2.3/hook")


@pytest.mark.parametrize(
    ("pattern", "fine", "wrong"),
    [
        ("oapi.example.cn", "https://oapi.example.cn/x", "https://example.cn/x"),
        ("oapi.example.cn", "https://OAPI.example.cn./x", "https://oapi.example.cn.evil.cn/x"),
        ("*.example.cn", "https://a.b.example.cn/x", "https://example.cn/x"),
        ("*.example.cn", "https://a.example.cn/x", "https://badexample.cn/x"),
        ("10.20.0.0/16", "http://10.20.3.4:8080/x", "http://10.21.3.4/x"),
        ("10.20.3.4", "https://10.20.3.4/x", "https://10.20.3.5/x"),
        ("fd12::/32", "http://[fd12::7]/x", "http://[fd13::7]/x"),
    ],
)
def test_an_entry_is_a_name_a_wildcard_or_a_range(pattern, fine, wrong):
    allow(pattern)
    hosts.check_url(fine)
    assert refused(wrong)


def test_plain_http_is_for_ranges_only():
    allow("example.cn")
    assert refused("http://example.cn/hook")
    hosts.check_url("https://example.cn/hook")


@pytest.mark.parametrize(
    "url",
    [
        "ftp://example.cn/x", "example.cn/x", "https:///x", "https://a b.cn/", "https://例子.cn/",
        "https://user@example.cn/", "https://:word@example.cn/", "https://example.cn\\@evil.cn/",
        "https://example.cn:99999/", "https://example.cn/{x}", "file:///etc/passwd", "",
        "https://[::1/", "https://exa_mple..cn/",
    ],
)  # fmt: skip
def test_a_url_that_could_be_read_in_two_ways_is_refused(url):
    allow("example.cn", "*.evil.cn")
    assert refused(url)


@pytest.mark.parametrize(
    "host",
    ["169.254.169.254", "100.100.100.200", "[::ffff:169.254.169.254]", "[64:ff9b::a9fe:a9fe]",
     "[fd00:ec2::254]"],
)  # fmt: skip
def test_where_a_cloud_tells_its_secrets_is_refused_whatever_is_listed(host):
    allow("169.254.0.0/16", "100.100.0.0/16", "64:ff9b::/96", "fd00:ec2::/32")
    assert refused(f"http://{host}/latest/meta-data")


def test_a_name_that_leads_inside_needs_a_range_too():
    """localhost really resolves to the loopback address."""
    with receiver() as there:
        allow("localhost", "10.0.0.0/8")
        url = there.url(host="localhost")
        with pytest.raises(door.Refused, match="网段"):
            door.call("POST", url)
        allow("localhost", "127.0.0.0/8", "::1/128")
        assert door.call("POST", url).ok
        assert there.requests[0].headers["Host"] == f"localhost:{there.port}"
        allow("127.0.0.0/8", "::1/128")
        with pytest.raises(door.Refused, match="不在允许的主机中"):
            door.call("POST", url)
    assert len(there.requests) == 1


def test_a_name_is_resolved_once_and_the_connection_goes_there(monkeypatch):
    """One that answered with another address the second time would lead us astray."""
    asked = []
    real = socket.getaddrinfo

    def counted(host, *args, **kwargs):
        asked.append(host)
        return real(host, *args, **kwargs)

    allow("localhost", "127.0.0.0/8", "::1/128")
    monkeypatch.setattr(socket, "getaddrinfo", counted)
    with receiver() as there:
        assert door.call("POST", there.url(host="localhost")).ok
    assert asked.count("localhost") == 1


def test_an_entry_taken_away_ends_the_calls():
    with receiver() as there:
        allow("127.0.0.1")
        assert door.call("POST", there.url()).ok
        allow()
        assert refused(there.url())
    assert len(there.requests) == 1


def test_a_redirect_is_not_followed():
    with receiver() as aim, receiver(Answer(302, headers={"Location": aim.url("/in")})) as there:
        allow("127.0.0.1")
        assert not door.call("POST", there.url()).ok
    assert len(there.requests) == 1
    assert aim.requests == []


def test_the_environment_names_no_proxy_and_no_password(monkeypatch, tmp_path):
    netrc = tmp_path / "netrc"
    netrc.write_text("machine 127.0.0.1 login somebody password word\n")
    monkeypatch.setenv("NETRC", str(netrc))
    with receiver() as proxy, receiver() as there:
        monkeypatch.setenv("http_proxy", proxy.url(""))
        monkeypatch.setenv("no_proxy", "")
        allow("127.0.0.1")
        assert door.call("POST", there.url()).ok
    assert proxy.requests == []
    assert "Authorization" not in there.requests[0].headers


def test_an_answer_is_read_up_to_a_limit():
    with receiver(Answer(body=b"x" * (door.LIMIT * 4))) as there:
        allow("127.0.0.1")
        assert len(door.call("POST", there.url(), read=True).body) == door.LIMIT
        assert door.call("POST", there.url()).body == b""


def test_the_certificate_must_be_the_names(tmp_path, settings):
    """The connection goes to an address; name and certificate are those of the URL."""
    allow("localhost", "127.0.0.0/8", "::1/128")
    right, trusted = certificate(tmp_path, "localhost")
    with receiver(tls=right) as there:
        with pytest.raises(door.Unreachable, match="证书"):
            door.call("POST", there.url(host="localhost"))
        settings.NOTICE_CA_FILE = str(trusted)
        assert door.call("POST", there.url(host="localhost")).ok
        assert set(there.names) == {"localhost"}
        with pytest.raises(door.Unreachable, match="证书"):
            door.call("POST", there.url())
    wrong, trusted = certificate(tmp_path, "other.example")
    settings.NOTICE_CA_FILE = str(trusted)
    with receiver(tls=wrong) as there:
        with pytest.raises(door.Unreachable, match="证书"):
            door.call("POST", there.url(host="localhost"))
        assert there.requests == []


def test_a_host_that_nobody_knows_may_be_tried_again():
    allow("*.invalid.example")
    with pytest.raises(door.Unreachable):
        door.call("POST", "https://nobody.invalid.example/")


@pytest.mark.parametrize(
    "pattern",
    ["", "*", "*.cn", "0.0.0.0/0", "10.0.0.0/7", "::/0", "https://example.cn", "example.cn/x",
     "exa mple.cn", "10.0.0.1/8"],
)  # fmt: skip
def test_an_entry_that_says_nothing_or_too_much_is_refused(pattern):
    with pytest.raises(ValidationError):
        hosts.check_pattern(pattern)


def test_entries_are_stored_in_one_spelling():
    assert hosts.check_pattern(" *.Example.CN. ") == "*.example.cn"
    assert hosts.check_pattern("10.20.0.0/255.255.0.0") == "10.20.0.0/16"
    assert hosts.check_pattern("10.20.3.4") == "10.20.3.4/32"
