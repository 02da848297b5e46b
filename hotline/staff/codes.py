"""Codes of a second factor: those of an app (TOTP, RFC 6238) and those on paper. No I/O.

An app's code is good for its own step of 30 s and for one step before and after, because telephones' clocks differ
(RFC 6238 section 5.2 allows it); each step is accepted once.
"""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from datetime import datetime

import pyotp

STEP_S = 30
DRIFT = 1
"""Steps before and after the present one that are taken as well."""
RECOVERY_CODES = 10
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
_GROUPS, _GROUP = 6, 4
"""118 random bits: enough for a plain hash (NIST SP 800-63B 5.1.2.2 asks for 112)."""
_DIGITS = re.compile(r"\d{6}", re.ASCII)


def new_secret() -> str:
    """Return a new secret for an app: 160 random bits in Base32 (RFC 4226 section 4, R6)."""
    return pyotp.random_base32()


def address_of(secret: str, login: str, issuer: str) -> str:
    """Return the ``otpauth:`` address that an app reads from the picture."""
    return pyotp.TOTP(secret).provisioning_uri(name=login, issuer_name=issuer)


def tidy(code: str) -> str:
    """Drop what people type between the characters of a code."""
    return re.sub(r"[\s-]", "", code).lower()[:64]


def is_of_app(code: str) -> bool:
    """Tell whether ``code`` looks like an app's; anything else is taken for a recovery code."""
    return _DIGITS.fullmatch(code) is not None


def step_of(secret: str, code: str, now: datetime, last: int) -> int | None:
    """Return the time step whose code this is, or ``None``.

    :param last: the step that was accepted last; it and everything before it is used up.
    """
    present = int(now.timestamp()) // STEP_S
    generator = pyotp.TOTP(secret)
    found = None
    for step in range(present - DRIFT, present + DRIFT + 1):  # all of them: time tells nobody which one fitted
        if hmac.compare_digest(generator.at(step * STEP_S), code) and step > last:
            found = step
    return found


def new_recovery_codes() -> tuple[str, ...]:
    """Return new codes as they are shown, once."""
    return tuple(
        "-".join("".join(secrets.choice(_LETTERS) for _ in range(_GROUP)) for _ in range(_GROUPS))
        for _ in range(RECOVERY_CODES)
    )


def recovery_digest(code: str) -> bytes:
    """Return what the database keeps of a recovery code, however its groups were typed."""
    return hashlib.sha256(tidy(code).encode()).digest()
