"""Rules of the tokens of other systems: how one is written, how long it lives, how often it may ask. Pure."""

from __future__ import annotations

import base64
import re
import zlib
from collections.abc import Collection
from dataclasses import dataclass
from datetime import datetime, timedelta

PREFIX = "hln_"
"""Scanners of secrets look for ``hln_[A-Za-z0-9_-]{43}[0-9a-f]{8}``; the last eight are the CRC-32 of the rest."""
RANDOM_BYTES = 32
MAX_DAYS = 366
"""The longest life of a token: whoever uses one for years renews it once a year."""
MAX_TITLE = 100
_SHAPE = re.compile(rf"{PREFIX}[A-Za-z0-9_-]{{43}}[0-9a-f]{{8}}")


def written(random: bytes) -> str:
    """Write 256 random bits as a token."""
    body = PREFIX + base64.urlsafe_b64encode(random).rstrip(b"=").decode()
    return f"{body}{zlib.crc32(body.encode()):08x}"


def well_formed(text: str) -> bool:
    """Tell whether a text can be a token of ours: anything else need not be looked up."""
    return _SHAPE.fullmatch(text) is not None and text[-8:] == f"{zlib.crc32(text[:-8].encode()):08x}"


def shown(token: str) -> str:
    """Return what people see of a token once it was made: 24 of its 256 bits."""
    return token[: len(PREFIX) + 4]


def problems(title: str, rights: Collection[str], days: int | None, possible: Collection[str]) -> dict[str, str]:
    """Say what is wrong with each field of a new token.

    :param days: how long it shall live; ``None``: no number.
    :param possible: the rights of its account.
    """
    found: dict[str, str] = {}
    if not title:
        found["title"] = "required"
    elif len(title) > MAX_TITLE:
        found["title"] = f"at most {MAX_TITLE} characters"
    if not rights or not set(rights) <= set(possible):
        found["rights"] = "required" if not rights else "unknown"
    if days is None or not 1 <= days <= MAX_DAYS:
        found["days"] = f"1 to {MAX_DAYS} days"
    return found


@dataclass(frozen=True, slots=True)
class Bucket:
    """How many requests a token may make now; grows evenly up to a minute's worth (a token bucket)."""

    left: float
    at: datetime


def take(bucket: Bucket | None, per_minute: int, now: datetime) -> tuple[Bucket, timedelta]:
    """Take one request out. A positive time: it is refused, and would be let through after that time."""
    if bucket is None:
        return Bucket(per_minute - 1.0, now), timedelta()
    gone = max(0.0, (now - bucket.at).total_seconds())
    left = min(float(per_minute), bucket.left + gone * per_minute / 60)
    if left >= 1:
        return Bucket(left - 1, now), timedelta()
    return Bucket(left, now), timedelta(seconds=(1 - left) * 60 / per_minute)
