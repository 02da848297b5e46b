"""Rules of webhooks: which addresses are taken, how a message is signed, when it is tried again. Pure."""

from __future__ import annotations

import base64
import hashlib
import hmac
import ipaddress
from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from enum import StrEnum
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network
from urllib.parse import urlsplit

from hotline.webhooks.model import SUBSCRIBED, HookForm

Network = IPv4Network | IPv6Network
Address = IPv4Address | IPv6Address

GIVEN_UP = timedelta(hours=24)
"""So long a message is tried again; then its webhook is switched off."""
FIRST = timedelta(seconds=5)
FACTOR = 3
LONGEST = timedelta(hours=4)
JITTER = 0.2
"""A pause is up to a fifth longer or shorter: receivers that come back are not hit by everything at once."""
ROTATION = timedelta(hours=24)
"""So long the secret before signs beside the new one."""
SECRET_BYTES = 32
SECRET_PREFIX = "whsec_"  # noqa: S105 - the beginning of every secret, by Standard Webhooks
MAX_URL, MAX_TITLE = 500, 100
REFUSED = "not a public address"
_NAT64 = ipaddress.IPv6Network("64:ff9b::/96")
_GONE = 410


class Verdict(StrEnum):
    """What an answer means."""

    DELIVERED = "delivered"
    AGAIN = "again"
    GONE = "gone"
    """410: the receiver does not want this webhook any more (Standard Webhooks)."""


def verdict(status: int | None) -> Verdict:
    """Judge an answer by its status; ``None``: there was none. A redirection is followed nowhere: it is a failure."""
    if status is not None and 200 <= status < 300:
        return Verdict.DELIVERED
    return Verdict.GONE if status == _GONE else Verdict.AGAIN


def again(
    attempts: int, first_at: datetime, now: datetime, chance: float, wished: timedelta = timedelta()
) -> datetime | None:
    """Return when a message is tried again after ``attempts`` failures; ``None``: it is given up.

    :param first_at: when it was sent for the first time.
    :param chance: evenly from 0 to 1.
    :param wished: what the receiver asked for by ``Retry-After``.
    """
    pause = LONGEST
    if attempts < 10:  # 5 s times 3 to the ninth is a day: no larger power is ever needed
        pause = min(LONGEST, FIRST * FACTOR ** max(0, attempts - 1))
    pause = max(pause * (1 + JITTER * (2 * chance - 1)), min(wished, LONGEST))
    at = now + pause
    return at if at - first_at <= GIVEN_UP else None


def new_secret(random: bytes) -> str:
    """Write random bytes as a secret of Standard Webhooks."""
    return SECRET_PREFIX + base64.b64encode(random).decode()


def signature(secrets: Sequence[str], message_id: str, timestamp: int, body: bytes) -> str:
    """Return ``webhook-signature``: HMAC-SHA256 over id, time and body, by each secret (Standard Webhooks)."""
    signed = f"{message_id}.{timestamp}.".encode() + body
    found = []
    for secret in secrets:
        key = base64.b64decode(secret.removeprefix(SECRET_PREFIX))
        found.append("v1," + base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode())
    return " ".join(found)


def form_problems(form: HookForm, *, plain_http: bool, networks: Collection[Network]) -> dict[str, str]:
    """Say what is wrong with each field of a subscription."""
    found: dict[str, str] = {}
    if not form.title or len(form.title) > MAX_TITLE:
        found["title"] = "required" if not form.title else f"at most {MAX_TITLE} characters"
    if not form.events or not form.events <= set(SUBSCRIBED):
        found["events"] = "required" if not form.events else "unknown"
    if problem := url_problem(form.url, plain_http=plain_http, networks=networks):
        found["url"] = problem
    return found


def url_problem(url: str, *, plain_http: bool, networks: Collection[Network]) -> str | None:
    """Say why events are not sent to an address; ``None``: they may be, as far as it can be seen without asking DNS."""
    if not url or len(url) > MAX_URL or not url.isascii() or any(letter <= " " for letter in url):
        return "not an address"
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError:
        return "not an address"
    if parts.scheme != "https" and not (plain_http and parts.scheme == "http"):
        return "https only"
    if not parts.hostname or parts.username is not None or parts.password is not None or parts.fragment or port == 0:
        return "not an address"
    try:
        literal = ipaddress.ip_address(parts.hostname)
    except ValueError:
        return REFUSED if parts.hostname.rpartition(".")[2] == "localhost" and not networks else None
    return refusal(literal, networks)


def refusal(address: Address, networks: Collection[Network]) -> str | None:
    """Say why nothing is sent to an IP address; ``None``: it may be (guard against SSRF, CWE-918).

    Only public addresses are asked. What is inside another one (IPv4-mapped, NAT64, 6to4) counts as itself.

    :param networks: networks of the house that a setting allows.
    """
    inner = _inner(address)
    if any(one.version == network.version and one in network for one in (address, inner) for network in networks):
        return None
    for one in (address, inner):
        if not one.is_global or one.is_multicast or one.is_reserved or one.is_unspecified:
            return REFUSED
    return None


def _inner(address: Address) -> Address:
    if isinstance(address, IPv4Address):
        return address
    if address.ipv4_mapped is not None:
        return address.ipv4_mapped
    if address.sixtofour is not None:
        return address.sixtofour
    if address in _NAT64:
        return IPv4Address(int(address) & 0xFFFF_FFFF)
    return address
