"""Passwords for the TURN relay, as coturn computes them."""

from __future__ import annotations

import base64
import hashlib
import hmac
from datetime import UTC, datetime

from hotline.softphone.ice import ice_servers

URL = "turn:hotline.example.org:3478?transport=tcp"


def test_without_a_relay_there_is_nothing() -> None:
    assert ice_servers([], "secret", 7, datetime(2026, 11, 20, tzinfo=UTC)) == []


def test_the_relay_can_check_the_password() -> None:
    """coturn: base64(HMAC-SHA1(static-auth-secret, username)), refused after the time in the user name."""
    until = datetime(2026, 11, 20, 21, 0, tzinfo=UTC)
    (server,) = ice_servers([URL], "secret", 7, until)
    expiry, user = server["username"].split(":")
    assert (int(expiry), user) == (int(until.timestamp()), "7")
    expected = hmac.new(b"secret", server["username"].encode(), hashlib.sha1).digest()
    assert base64.b64decode(server["credential"]) == expected
    assert server["urls"] == [URL]
    assert "secret" not in str(server)
