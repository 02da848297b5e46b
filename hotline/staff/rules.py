"""Pure decisions about people: effective rights, passwords, rate limits, folding of names for searches."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from math import ceil

from hotline.staff.model import Effect

WINDOW = timedelta(minutes=15)
"""Failures older than this are forgiven."""
FAILURES_PER_LOGIN = 5
FAILURES_PER_ADDRESS = 50
"""Much more than for one login: a whole call centre may share one public address."""
PASSWORD_LENGTH = range(10, 201)
"""NIST SP 800-63B 5.1.1.2 asks for length, not for classes of characters; the upper bound limits hashing work."""

_DROPPED = str.maketrans({"Ё": "Е", **dict.fromkeys(" -'.’`")})


def fold(name: str) -> str:
    """Fold a name for searching: capitals, ё as е, no spaces, hyphens, apostrophes or dots.

    The same as the SQL of ``hotline.staff.tables.search_key``.
    """
    return name.upper().translate(_DROPPED)


def effective_rights(grants: Iterable[tuple[str, str]]) -> frozenset[str]:
    """Return the rights that hold: every allowed one that nothing denies (deny wins, domain 2.2).

    :param grants: pairs of right code and :class:`Effect`.
    """
    by_effect = {
        effect: {code for code, _ in group}
        for effect, group in groupby(sorted(grants, key=lambda grant: grant[1]), key=lambda grant: grant[1])
    }
    return frozenset(by_effect.get(Effect.ALLOW, set()) - by_effect.get(Effect.DENY, set()))


@dataclass(frozen=True, slots=True)
class Limit:
    """At most ``failures`` failed attempts in any ``window``."""

    failures: int
    window: timedelta = WINDOW

    def wait(self, failed_at: Sequence[datetime], now: datetime) -> timedelta:
        """Return how long the next attempt must wait; zero when it may be made now."""
        recent = sorted(at for at in failed_at if at > now - self.window)
        if len(recent) < self.failures:
            return timedelta()
        return recent[-self.failures] + self.window - now


def seconds_up(span: timedelta) -> int:
    """Round a span up to whole seconds, for ``Retry-After`` (RFC 9110 section 10.2.3)."""
    return ceil(span.total_seconds())


def password_problem(password: str, login: str) -> str | None:
    """Say in words what is wrong with a new password; ``None`` when it will do."""
    if len(password) not in PASSWORD_LENGTH:
        return f"the password must have {PASSWORD_LENGTH.start} to {PASSWORD_LENGTH.stop - 1} characters"
    if login and login.lower() in password.lower():
        return "the password must not contain the login"
    return None
