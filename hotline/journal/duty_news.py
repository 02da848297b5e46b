"""What the ledger of citizens not served tells the rest of the product. Pure; made by ``hotline.callbacks``."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime


@dataclass(frozen=True, slots=True)
class DutyChanged:
    """Published after the transaction that began or changed duties; numbers of citizens are not in it."""

    duty_ids: tuple[int, ...]
    at: datetime
