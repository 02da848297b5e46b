"""Rules of webhooks (issue 6, "API"): when a message is tried again, how it is signed, which addresses are asked."""

from __future__ import annotations

import ipaddress
from datetime import UTC, datetime, timedelta
from ipaddress import ip_network

import pytest

from hotline.webhooks.model import HookForm
from hotline.webhooks.rules import (
    GIVEN_UP,
    JITTER,
    LONGEST,
    Verdict,
    again,
    form_problems,
    new_secret,
    refusal,
    signature,
    url_problem,
    verdict,
)

NOW = datetime(2026, 11, 20, 7, 0, tzinfo=UTC)
HOUSE = (ip_network("10.1.0.0/16"), ip_network("fd00:1::/32"))


@pytest.mark.parametrize(
    ("attempts", "pause"),
    [(1, 5), (2, 15), (3, 45), (4, 135), (5, 405), (6, 1215), (7, 3645), (8, 10_935), (9, 14_400), (99, 14_400)],
)
def test_pauses_grow_up_to_four_hours(attempts: int, pause: int) -> None:
    assert again(attempts, NOW, NOW, 0.5) == NOW + timedelta(seconds=pause)


@pytest.mark.parametrize("chance", [0.0, 0.25, 1.0])
def test_chance_moves_a_pause_by_a_fifth_at_most(chance: float) -> None:
    at = again(3, NOW, NOW, chance)
    assert at is not None
    assert abs((at - NOW).total_seconds() - 45) <= 45 * JITTER + 1e-6
    assert ((at - NOW).total_seconds() - 45) * (chance - 0.5) >= 0


def test_a_message_is_tried_for_a_day_and_then_given_up() -> None:
    now, attempts = NOW, 0
    while True:
        attempts += 1
        at = again(attempts, NOW, now, 1.0)
        if at is None:
            break
        now = at
    assert GIVEN_UP - LONGEST * (1 + JITTER) <= now - NOW <= GIVEN_UP
    assert 10 <= attempts <= 20


@pytest.mark.parametrize(("asked", "pause"), [(0, 5), (3, 5), (120, 120), (86_400, 14_400)])
def test_a_receiver_may_ask_for_a_longer_pause(asked: int, pause: int) -> None:
    """``Retry-After`` (RFC 9110 section 10.2.3), within bounds of ours."""
    assert again(1, NOW, NOW, 0.5, timedelta(seconds=asked)) == NOW + timedelta(seconds=pause)


@pytest.mark.parametrize(
    ("status", "judged"),
    [(200, Verdict.DELIVERED), (202, Verdict.DELIVERED), (204, Verdict.DELIVERED), (299, Verdict.DELIVERED),
     (410, Verdict.GONE), (None, Verdict.AGAIN), (199, Verdict.AGAIN), (301, Verdict.AGAIN), (302, Verdict.AGAIN),
     (400, Verdict.AGAIN), (404, Verdict.AGAIN), (429, Verdict.AGAIN), (500, Verdict.AGAIN), (503, Verdict.AGAIN)],
)  # fmt: skip
def test_what_an_answer_means(status: int | None, judged: Verdict) -> None:
    assert verdict(status) is judged


def test_the_signature_is_that_of_standard_webhooks() -> None:
    """The example of the specification's own libraries."""
    secret = "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw"
    body = b'{"test": 2432232314}'
    told = signature([secret], "msg_p5jXN8AQM9LWM0D4loKWxJek", 1_614_265_330, body)
    assert told == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_while_a_secret_is_changed_both_sign() -> None:
    old, new = new_secret(b"\1" * 32), new_secret(b"\2" * 32)
    both = signature([new, old], "evt-1", 1, b"{}").split(" ")
    assert both == [signature([new], "evt-1", 1, b"{}"), signature([old], "evt-1", 1, b"{}")]
    assert both[0] != both[1]


@pytest.mark.parametrize(
    ("address", "asked"),
    [
        ("93.184.216.34", True), ("2606:2800:220:1::1", True), ("10.1.2.3", True), ("fd00:1::5", True),
        ("127.0.0.1", False), ("127.9.9.9", False), ("0.0.0.0", False), ("10.2.0.1", False),
        ("172.16.0.1", False), ("192.168.1.1", False), ("169.254.169.254", False), ("100.64.0.1", False),
        ("224.0.0.1", False), ("255.255.255.255", False), ("240.0.0.1", False), ("198.51.100.1", False),
        ("::1", False), ("::", False), ("fe80::1", False), ("fc00::1", False), ("ff02::1", False),
        ("::ffff:127.0.0.1", False), ("::ffff:169.254.169.254", False), ("64:ff9b::7f00:1", False),
        ("2002:7f00:1::", False), ("::ffff:10.1.2.3", True),
    ],
)  # fmt: skip
def test_only_public_addresses_are_asked_and_networks_that_a_setting_allows(address: str, asked: bool) -> None:
    """CWE-918: an address inside an address counts as itself."""
    assert (refusal(ipaddress.ip_address(address), HOUSE) is None) is asked


@pytest.mark.parametrize(
    ("url", "taken"),
    [
        ("https://crm.example.org/hook?x=1", True), ("https://crm.example.org:8443/", True),
        ("https://93.184.216.34/", True), ("https://10.1.2.3/", True), ("https://[fd00:1::1]/", True),
        ("http://crm.example.org/", False), ("ftp://crm.example.org/", False), ("https://", False), ("", False),
        ("//crm.example.org/", False), ("https://user:x@crm.example.org/", False), ("https://u@c.example/", False),
        ("https://crm.example.org/#x", False), ("https://crm.example.org:0/", False),
        ("https://crm.example.org:99999/", False), ("https://127.0.0.1/", False), ("https://[::1]/", False),
        ("https://[::1/", False), ("https://crm.example.org/a b", False), ("https://пример.рф/", False),
        ("https://crm.example.org/\n", False), ("https://crm.example.org/" + "x" * 500, False),
    ],
)  # fmt: skip
def test_which_addresses_are_taken(url: str, taken: bool) -> None:
    assert (url_problem(url, plain_http=False, networks=HOUSE) is None) is taken


def test_http_and_loopback_are_settings() -> None:
    loopback = (ip_network("127.0.0.0/8"),)
    assert url_problem("http://127.0.0.1:1/", plain_http=True, networks=loopback) is None
    assert url_problem("http://127.0.0.1:1/", plain_http=True, networks=()) == "not a public address"
    assert url_problem("https://localhost/", plain_http=False, networks=()) == "not a public address"


@pytest.mark.parametrize(
    ("form", "wrong"),
    [
        (HookForm("CRM", "https://crm.example.org/", frozenset({"appeal.created"})), set()),
        (HookForm(), {"title", "url", "events"}),
        (HookForm("x" * 101, "https://crm.example.org/", frozenset({"ping"})), {"title", "events"}),
    ],
)
def test_what_a_subscription_may_be(form: HookForm, wrong: set[str]) -> None:
    assert set(form_problems(form, plain_http=False, networks=())) == wrong
