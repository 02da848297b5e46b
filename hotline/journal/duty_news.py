"""What the ledger of citizens not served tells the rest of the product. Pure; made by ``hotline.callbacks``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class DutyChanged:
    """Published after the transaction that began or changed duties; numbers of citizens are not in it."""

    duty_ids: tuple[int, ...]
    at: datetime
    new_ids: tuple[int, ...] = ()  # of them, those that began
    states: tuple[tuple[int, str], ...] = ()  # of each, where it stands
