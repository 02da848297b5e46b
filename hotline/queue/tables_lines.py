"""The table of the administration's rules (``lines_model``). Their history is in the audit trail, as of other records.

One table for all kinds: a record is read and written as a whole, and only Python knows what is in it.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import CheckConstraint, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from hotline.db import Base


class DistributionRuleRow(Base):
    """One record. A closed one says nothing any more, and is kept for what refers to its code."""

    __tablename__ = "distribution_rule"
    __table_args__ = (CheckConstraint("version > 0", name="version"),)

    kind: Mapped[str] = mapped_column(Text, primary_key=True)
    code: Mapped[str] = mapped_column(Text, primary_key=True)
    body: Mapped[dict[str, Any]]
    version: Mapped[int] = mapped_column(server_default=text("1"))
    closed_at: Mapped[datetime | None]
    changed_at: Mapped[datetime]
