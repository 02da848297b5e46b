"""The log of merged dossiers: what each merge moved and changed, so that it can be undone (DAY-26)."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Identity
from sqlalchemy.orm import Mapped, mapped_column

from hotline.db import Base


class PersonMergeRow(Base):
    """One dossier was found to be the same person as another; ``gone`` leads to ``kept`` until this is undone."""

    __tablename__ = "person_merge"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    kept_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    gone_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    by_id: Mapped[int] = mapped_column(ForeignKey("staff_user.id"))
    at: Mapped[datetime]
    before: Mapped[dict[str, Any]]
    """Fields of ``kept`` that the merge changed: name -> value before."""
    after: Mapped[dict[str, Any]]
    """The same fields as the merge left them."""
    moved: Mapped[dict[str, Any]]
    """Ids of what followed: ``applicant`` and ``insured`` appeals, ``phones``, ``entries`` of the register."""
    undone_at: Mapped[datetime | None]
    undone_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff_user.id"))
