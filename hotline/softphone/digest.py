"""Digest authentication for the headless phone: RFC 3261 section 22, RFC 8760, RFC 7616. Pure.

MD5 is what Asterisk offers unless its ``supported_algorithms_uas`` says otherwise; SHA-256 is preferred when offered.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Iterable
from dataclasses import dataclass

_PARAMETER = re.compile(r'(\w+)\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s,]+))')


def _md5(text: str) -> str:
    # The algorithm is the protocol's; the password is random and lives for one login.
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()


def _sha256(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()


_HASHES: dict[str, Callable[[str], str]] = {"SHA-256": _sha256, "MD5": _md5}  # in order of preference


@dataclass(frozen=True, slots=True)
class Challenge:
    """One WWW-Authenticate or Proxy-Authenticate value that we can answer."""

    realm: str
    nonce: str
    algorithm: str
    opaque: str | None
    auth_qop: bool
    stale: bool


def choose(values: Iterable[str]) -> Challenge | None:
    """Pick the strongest challenge that we can answer; ``None`` when there is none."""
    challenges = [challenge for value in values if (challenge := _parse(value)) is not None]
    order = list(_HASHES)
    return min(challenges, key=lambda challenge: order.index(challenge.algorithm), default=None)


def authorization(
    challenge: Challenge, *, user: str, password: str, method: str, uri: str, cnonce: str, count: int = 1
) -> str:
    """Return the value of the Authorization header (RFC 7616 section 3.4)."""
    digest = _HASHES[challenge.algorithm]
    a1 = digest(f"{user}:{challenge.realm}:{password}")
    a2 = digest(f"{method}:{uri}")
    nc = f"{count:08x}"
    if challenge.auth_qop:
        response = digest(f"{a1}:{challenge.nonce}:{nc}:{cnonce}:auth:{a2}")
    else:
        response = digest(f"{a1}:{challenge.nonce}:{a2}")
    fields = [
        f'username="{user}"',
        f'realm="{challenge.realm}"',
        f'nonce="{challenge.nonce}"',
        f'uri="{uri}"',
        f'response="{response}"',
        f"algorithm={challenge.algorithm}",
    ]
    if challenge.auth_qop:
        fields += [f'cnonce="{cnonce}"', "qop=auth", f"nc={nc}"]
    if challenge.opaque is not None:
        fields.append(f'opaque="{challenge.opaque}"')
    return "Digest " + ", ".join(fields)


def _parse(value: str) -> Challenge | None:
    scheme, _, rest = value.strip().partition(" ")
    if scheme.lower() != "digest":
        return None
    found = {match[1].lower(): match[2] if match[2] is not None else match[3] for match in _PARAMETER.finditer(rest)}
    algorithm = found.get("algorithm", "MD5").upper()
    if algorithm not in _HASHES or "realm" not in found or "nonce" not in found:
        return None
    return Challenge(
        realm=found["realm"],
        nonce=found["nonce"],
        algorithm=algorithm,
        opaque=found.get("opaque"),
        auth_qop="auth" in {word.strip().lower() for word in found.get("qop", "").split(",")},
        stale=found.get("stale", "").lower() == "true",
    )
