"""Everything that people choose from a list (domain 2.2, section 4), and the rules that profiles set.

Rows have readable codes as keys. A row in use is closed by date, never deleted, so old appeals stay readable.
"""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import BigInteger, ForeignKey, Identity, Text, text
from sqlalchemy.orm import Mapped, mapped_column

from hotline.db import Base

EMPTY_LIST = text("'[]'")


class Choice:
    """Columns of every list."""

    code: Mapped[str] = mapped_column(Text, primary_key=True)
    title: Mapped[str] = mapped_column(Text)
    sort: Mapped[int] = mapped_column(server_default=text("0"))
    valid_from: Mapped[date | None]
    valid_to: Mapped[date | None]
    """First day on which the row can no longer be chosen."""
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"))
    """Only this organisation sees the row; ``None``: everybody."""
    origin: Mapped[str | None] = mapped_column(Text)
    """The profile that the row came from; ``None``: somebody added it here, so no profile ever closes it."""
    edition: Mapped[int] = mapped_column(server_default=text("0"))
    """How often somebody changed the row here; above 0 it is the organisation's own and no profile overwrites it."""


class StatusRow(Choice, Base):
    """An organisation's own status of an appeal, behind which stands a fixed phase (S001-083, domain 2.1)."""

    __tablename__ = "status"

    phase: Mapped[str] = mapped_column(Text, index=True)
    icon: Mapped[str] = mapped_column(Text, server_default="")
    colour: Mapped[str] = mapped_column(Text, server_default="")
    final: Mapped[bool] = mapped_column(server_default=text("false"))
    default_for_phase: Mapped[bool] = mapped_column(server_default=text("true"))


class AppealTypeRow(Choice, Base):
    """Вид обращения (S000-33, S001-050)."""

    __tablename__ = "appeal_type"

    is_complaint: Mapped[bool] = mapped_column(server_default=text("false"))
    is_consultation: Mapped[bool] = mapped_column(server_default=text("false"))
    default_for: Mapped[list[Any]] = mapped_column(server_default=EMPTY_LIST)
    """Role codes for whose new cards this is chosen (S000-29)."""


class ChannelRow(Choice, Base):
    """Способ обращения (S000-35, S000-36)."""

    __tablename__ = "channel"

    form: Mapped[str] = mapped_column(Text)
    default_for: Mapped[list[Any]] = mapped_column(server_default=EMPTY_LIST)
    warning: Mapped[str] = mapped_column(Text, server_default="")


class SourceRow(Choice, Base):
    """Источник поступления (S000-40)."""

    __tablename__ = "source"

    is_default: Mapped[bool] = mapped_column(server_default=text("false"))


class ResultRow(Choice, Base):
    """Результат обращения (S000-68, S001-088)."""

    __tablename__ = "result"

    is_final: Mapped[bool] = mapped_column(server_default=text("false"))
    needs: Mapped[list[Any]] = mapped_column(server_default=EMPTY_LIST)
    """Any of ``operator``, ``date``, ``comment``, ``organisation``, ``notice``, ``link``."""
    trigger: Mapped[str | None] = mapped_column(Text)
    """The move that choosing this result makes instead of closing (S001-090, S001-091)."""


class TopicRow(Choice, Base):
    """Тематика (S000-43, S001-051)."""

    __tablename__ = "topic"

    type_code: Mapped[str] = mapped_column(ForeignKey("appeal_type.code"), index=True)
    parent_code: Mapped[str | None] = mapped_column(ForeignKey("topic.code"))
    keywords: Mapped[list[Any]] = mapped_column(server_default=EMPTY_LIST)
    sla_amount: Mapped[int | None]
    sla_unit: Mapped[str | None] = mapped_column(Text)
    restricted: Mapped[bool] = mapped_column(server_default=text("false"))


class DispositionRow(Choice, Base):
    """Характеристика звонка (S002-20): how a call ended, whether or not it made an appeal."""

    __tablename__ = "disposition"

    direction: Mapped[str] = mapped_column(Text)
    needs_note: Mapped[bool] = mapped_column(server_default=text("false"))
    closes: Mapped[list[Any]] = mapped_column(server_default=EMPTY_LIST)
    """Values of ``closing.Ending``: calls that end so get this characteristic without anybody's choice."""


class PauseReasonRow(Choice, Base):
    """Why an operator does not take calls."""

    __tablename__ = "pause_reason"

    limit_min: Mapped[int | None]
    automatic: Mapped[bool] = mapped_column(server_default=text("false"))
    is_break: Mapped[bool] = mapped_column(server_default=text("false"))
    """Rest, which counts against what the shift allows; other pauses are work of another kind."""


class KinshipRow(Choice, Base):
    """Степень родства (S000-28)."""

    __tablename__ = "kinship"


class ScriptRow(Choice, Base):
    """Типовой сценарий ответа (S001-052). ``topics`` holds codes or beginnings of codes (``2.*``)."""

    __tablename__ = "script"

    body: Mapped[str] = mapped_column(Text)
    topics: Mapped[list[Any]] = mapped_column(server_default=EMPTY_LIST)
    keywords: Mapped[list[Any]] = mapped_column(server_default=EMPTY_LIST)
    version: Mapped[int] = mapped_column(server_default=text("1"))
    recommended: Mapped[list[Any]] = mapped_column(server_default=EMPTY_LIST)
    """Who knows more: role codes and logins (S001-054); empty: everybody to whom the matrix lets the user forward."""


class ForwardRuleRow(Base):
    """One row of the forwarding matrix (domain 2.4)."""

    __tablename__ = "forward_rule"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    from_role: Mapped[str] = mapped_column(Text)
    to_role: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text)
    form: Mapped[str | None] = mapped_column(Text)
    same_organisation: Mapped[bool | None]
    needs_reason: Mapped[bool] = mapped_column(server_default=text("false"))


class DeadlineRuleRow(Base):
    """One row of the table of deadlines (domain 2.5)."""

    __tablename__ = "deadline_rule"

    code: Mapped[str] = mapped_column(Text, primary_key=True)
    priority: Mapped[int]
    amount: Mapped[int]
    unit: Mapped[str] = mapped_column(Text)
    form: Mapped[str | None] = mapped_column(Text)
    to_head_of_region: Mapped[bool | None]
    urgent: Mapped[bool | None]
    topic_code: Mapped[str | None] = mapped_column(Text)
    shift: Mapped[str] = mapped_column(Text, server_default="none")
    max_extension_days: Mapped[int] = mapped_column(server_default=text("0"))
    active: Mapped[bool] = mapped_column(server_default=text("true"))


class CalendarDayRow(Base):
    """A day that differs from the ordinary week (domain 2.5 f)."""

    __tablename__ = "calendar_day"

    day: Mapped[date] = mapped_column(primary_key=True)
    is_working: Mapped[bool]
    note: Mapped[str] = mapped_column(Text, server_default="")


class ProfileRow(Base):
    """What the loaded profile sets for the whole installation: the row that was loaded last counts."""

    __tablename__ = "profile"

    name: Mapped[str] = mapped_column(Text, primary_key=True)
    settings: Mapped[dict[str, Any]]
    loaded_at: Mapped[datetime]
    version_id: Mapped[int] = mapped_column(ForeignKey("profile_version.id"))


class ProfileVersionRow(Base):
    """One state of a profile, kept for good: the process that appeals go through is read from here (domain 2.1)."""

    __tablename__ = "profile_version"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    name: Mapped[str] = mapped_column(Text, index=True)
    fingerprint: Mapped[str] = mapped_column(Text)
    """SHA-256 of the content in canonical JSON: the same content is never stored twice in a row."""
    content: Mapped[dict[str, Any]]
    at: Mapped[datetime]
    by_id: Mapped[int | None] = mapped_column(ForeignKey("staff_user.id"))
    """``None``: from the command line."""
    comment: Mapped[str] = mapped_column(Text, server_default="")
