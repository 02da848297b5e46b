"""What ``hotline doctor`` finds."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass

LIMIT_S = 5.0
"""How long one check may take."""


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing that was checked. ``cure`` says what to do when it is not ``ok``."""

    name: str
    ok: bool
    detail: str
    cure: str


class Wrong(Exception):
    """What a check found to be wrong."""


Check = Callable[[], Awaitable[str]]
Row = tuple[str, Check, str]
"""Name, check, cure."""
