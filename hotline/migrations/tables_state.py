"""Which programs may use the schema."""

from __future__ import annotations

from sqlalchemy import CheckConstraint, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from hotline.db import Base


class SchemaStateRow(Base):
    """The only row says which is the oldest program that may work on this schema (:mod:`hotline.migrations.fit`)."""

    __tablename__ = "schema_state"
    __table_args__ = (CheckConstraint("single", name="one_row"),)

    single: Mapped[bool] = mapped_column(primary_key=True, server_default=text("true"))
    oldest: Mapped[str] = mapped_column(Text)
    """Id of that program's newest migration."""
