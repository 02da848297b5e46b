"""The complaint block of a card (S000-34, S000-59…S000-62): enabled for complaints only. Pure."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from decimal import Decimal
from enum import StrEnum

MAX_INFO = 20_000
MAX_DECISION = 5_000
MAX_SUM = Decimal("999999999999.99")
_SUM = re.compile(r"\d{1,12}(?:[.,]\d{1,2})?")
_GROUPED = re.compile(r"\d{1,3}(?:[ \u00a0\u202f]\d{3})+(?:[.,]\d{1,2})?")


class Initiator(StrEnum):
    """Who went to court (S000-59, domain 2.2 ComplaintDetail)."""

    APPLICANT = "applicant"
    SMO = "smo"
    TFOMS = "tfoms"
    PROSECUTOR = "prosecutor"
    MO = "mo"
    NONE = "none"


class Justified(StrEnum):
    """What became of the complaint (domain 2.2 Appeal)."""

    YES = "yes"
    PARTLY = "partly"
    NO = "no"
    NOT_APPLICABLE = "n/a"


@dataclass(frozen=True, slots=True)
class Complaint:
    """What a card says about a complaint. Sum in roubles."""

    court_initiator: str = ""
    info: str = ""
    court_decision: str = ""
    refund_date: date | None = None
    refund_sum: Decimal | None = None
    refund_org: str = ""
    refund_org_id: int | None = None
    justified: str = ""


def money(text: str) -> Decimal | None:
    """Read a sum of roubles: ``1500``, ``1 500,50``, ``1500.5``. ``None`` for anything else, minus signs included."""
    text = text.strip()
    if _GROUPED.fullmatch(text):
        text = re.sub(r"[ \u00a0\u202f]", "", text)
    if not text.isascii() or not _SUM.fullmatch(text):
        return None
    return Decimal(text.replace(",", "."))


def refund_problems(complaint: Complaint) -> dict[str, str]:
    """Say which part of a refund is missing: date, sum and organisation belong together (S000-62)."""
    parts = {
        "refund_date": complaint.refund_date is not None,
        "refund_sum": complaint.refund_sum is not None,
        "refund_org": bool(complaint.refund_org),
    }
    if not any(parts.values()):
        return {}
    return {name: "required" for name, given in parts.items() if not given}
