"""Where a browser may be sent after logging in."""

from __future__ import annotations

import pytest

from hotline.web.forms import safe_next
from hotline.web.middlewares import content_security_policy, origin_of


@pytest.mark.parametrize("target", ["/", "/journal?folder=mine", "/calls/pbx1-1763791234.17/card", "/a%20b"])
def test_our_own_addresses_are_kept(target: str) -> None:
    if target == "/a%20b":  # a space is nothing that we ever write
        assert safe_next(target) == "/"
    else:
        assert safe_next(target) == target


@pytest.mark.parametrize(
    "target",
    ["", "journal", "//evil.example", "/\\evil.example", "https://evil.example/", "/%2Fevil.example",
     "/%5cevil.example", "/x\r\nSet-Cookie: a=b", "/%0d%0aX: y", "/login", "/login?next=/login", "javascript:alert(1)"],
)  # fmt: skip
def test_other_sites_and_tricks_are_not(target: str) -> None:
    assert safe_next(target) == "/"


@pytest.mark.parametrize(
    ("url", "origin"),
    [
        ("http://127.0.0.1:8080", "http://127.0.0.1:8080"),
        ("https://Hotline.Example/desk/", "https://hotline.example"),
        ("https://hotline.example:443", "https://hotline.example"),
        ("http://hotline.example:80/", "http://hotline.example"),
        ("https://hotline.example:8443", "https://hotline.example:8443"),
        ("http://[::1]:8080", "http://[::1]:8080"),
    ],
)
def test_origin_is_written_as_browsers_write_it(url: str, origin: str) -> None:
    assert origin_of(url) == origin


def test_the_policy_allows_nothing_inline_and_names_the_websocket() -> None:
    policy = dict(part.split(" ", 1) for part in content_security_policy("https://hotline.example", "n1").split("; "))
    assert policy["default-src"] == "'none'"
    assert (policy["script-src"], policy["style-src"]) == ("'self'", "'self' 'nonce-n1'")
    assert policy["connect-src"] == "'self' wss://hotline.example"
    assert policy["frame-ancestors"] == "'none'"
