"""Digest answers against the examples of the RFCs."""

from __future__ import annotations

import re

from hotline.softphone.digest import Challenge, authorization, choose

RFC7616_NONCE = "7ypf/xlj9XXwfDPEoM4URrv/xwf94BcCAzFZH4GiTo0v"
RFC7616_CNONCE = "f2/wE4q74E6zIJEtWaHKaf5wv/H5QzzpXusqGemxURZJ"


def response_of(value: str) -> str:
    found = re.search(r' response="([0-9a-f]+)"', value)
    assert found is not None
    return found[1]


def rfc7616(algorithm: str) -> str:
    """The example of RFC 7616 section 3.9.1."""
    challenge = Challenge("http-auth@example.org", RFC7616_NONCE, algorithm, "FQhe", auth_qop=True, stale=False)
    return authorization(
        challenge,
        user="Mufasa",
        password="Circle of Life",
        method="GET",
        uri="/dir/index.html",
        cnonce=RFC7616_CNONCE,
    )


def test_md5_example_of_rfc_7616() -> None:
    assert response_of(rfc7616("MD5")) == "8ca523f5e9506fed4657c9700eebdbec"


def test_sha256_example_of_rfc_7616() -> None:
    value = rfc7616("SHA-256")
    assert response_of(value) == "753927fa0e85d155564e2e272a28d1802ca10daf4496794697cf8db5856cb6c1"
    assert "qop=auth" in value
    assert "nc=00000001" in value
    assert 'opaque="FQhe"' in value


def test_example_without_qop_of_rfc_2069() -> None:
    """The corrected example of RFC 2069 section 2.4 (erratum 749)."""
    challenge = Challenge("testrealm@host.com", "dcd98b7102dd2f0e8b11d0f600bfb0c093", "MD5", None, False, False)
    value = authorization(
        challenge, user="Mufasa", password="CircleOfLife", method="GET", uri="/dir/index.html", cnonce="x"
    )
    assert response_of(value) == "1949323746fe6a43ef61f9606e7febea"
    assert "cnonce" not in value


def test_strongest_known_challenge_is_chosen() -> None:
    chosen = choose(
        [
            'Digest realm="asterisk",nonce="n1",opaque="o",algorithm=MD5,qop="auth"',
            'Digest realm="asterisk",nonce="n2",algorithm=SHA-512-256,qop="auth"',
            'Digest realm="asterisk", nonce="n3", algorithm=SHA-256, qop="auth,auth-int", stale=TRUE',
        ]
    )
    assert chosen == Challenge("asterisk", "n3", "SHA-256", None, auth_qop=True, stale=True)


def test_challenge_without_algorithm_is_md5() -> None:
    assert choose(['Digest realm="r, with comma", nonce="n"']) == Challenge(
        "r, with comma", "n", "MD5", None, auth_qop=False, stale=False
    )


def test_challenges_that_cannot_be_answered_are_left() -> None:
    assert choose(["Basic realm=x", 'Digest realm="r"', 'Digest realm="r", nonce="n", algorithm=AKAv1-MD5', ""]) is None
