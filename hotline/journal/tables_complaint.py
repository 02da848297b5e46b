"""Columns of an appeal that only a complaint fills (S000-59…S000-62, domain 2.2 ComplaintDetail)."""

from __future__ import annotations

from datetime import date
from decimal import Decimal

from sqlalchemy import ForeignKey, Numeric, Text
from sqlalchemy.orm import Mapped, mapped_column


class ComplaintColumns:
    """On the appeal's own row, so that its version and history cover them; empty ones take no room."""

    source_org_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"))
    """The organisation it came from (S000-41); ``source_org`` keeps its name, or free text without an id."""
    court_initiator: Mapped[str] = mapped_column(Text, server_default="")
    complaint_info: Mapped[str] = mapped_column(Text, server_default="")
    court_decision: Mapped[str] = mapped_column(Text, server_default="")
    refund_date: Mapped[date | None]
    refund_sum: Mapped[Decimal | None] = mapped_column(Numeric(14, 2))
    """Roubles, at least 0."""
    refund_org: Mapped[str] = mapped_column(Text, server_default="")
    refund_org_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"))
    justified: Mapped[str] = mapped_column(Text, server_default="")
    """``yes``, ``partly``, ``no``, ``n/a``, or empty: not decided yet."""
