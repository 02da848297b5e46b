"""Appeals, drafts, numbers, the outbox. The other tables of the journal are in tables_call, _classifier, _person."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Computed,
    ForeignKey,
    Identity,
    Index,
    Text,
    UniqueConstraint,
    desc,
    text,
)
from sqlalchemy.dialects.postgresql import TSVECTOR
from sqlalchemy.orm import Mapped, mapped_column

from hotline.db import Base
from hotline.journal.model import OPEN_PHASES
from hotline.journal.tables_complaint import ComplaintColumns
from hotline.journal.tables_person import KEY
from hotline.staff.tables import search_key

_OPEN = "phase IN ({})".format(", ".join(f"'{phase}'" for phase in OPEN_PHASES))
IS_OPEN = text("is_open")
_WORDS = " || ".join(
    f"setweight(to_tsvector('russian'::regconfig, translate({column}, 'Ёё', 'Ее')), '{weight}')"
    for column, weight in (("title", "A"), ("content", "B"), ("measures", "C"), ("result_comment", "D"))
)


class AppealRecord(ComplaintColumns, Base):
    """One appeal (domain 2.2). ``id`` grows with time, so "newest first" needs no index of its own."""

    __tablename__ = "appeal"
    __table_args__ = (
        UniqueConstraint("creator_id", "idempotency_key"),
        Index(
            "ix_appeal_open_owner", "owner_id", "due_at", "id", postgresql_include=["phase"], postgresql_where=IS_OPEN
        ),
        Index(
            "ix_appeal_open_org",
            "responsible_org_id",
            "due_at",
            "id",
            postgresql_include=["phase"],
            postgresql_where=IS_OPEN,
        ),
        Index("ix_appeal_open_org_id", "responsible_org_id", desc("id"), postgresql_where=IS_OPEN),
        # The list of all open ones, in each of its orders: 1 to 6 MB for 100,000 of them.
        Index("ix_appeal_open_id", "id", postgresql_where=IS_OPEN),
        Index("ix_appeal_open_received", "appeal_at", "id", postgresql_where=IS_OPEN),
        Index("ix_appeal_open_applicant", "applicant_key", "id", postgresql_where=IS_OPEN),
        Index("ix_appeal_open_topic", "topic_code", "id", postgresql_where=IS_OPEN),
        Index("ix_appeal_open_status", "status_code", "id", postgresql_where=IS_OPEN),
        Index(
            "ix_appeal_rework",
            "due_at",
            "id",
            postgresql_include=["owner_id", "responsible_org_id"],
            postgresql_where=text("phase = 'rework'"),
        ),
        Index("ix_appeal_rework_owner", "owner_id", "due_at", "id", postgresql_where=text("phase = 'rework'")),
        Index(
            "ix_appeal_open_owner_id",
            "owner_id",
            "id",
            # What an employee's open ones are ordered by, so that only those of the page are read.
            postgresql_include=[
                "responsible_org_id",
                "phase",
                "appeal_at",
                "due_at",
                "applicant_key",
                "topic_code",
                "status_code",
            ],
            postgresql_where=IS_OPEN,
        ),
        Index("ix_appeal_open_due", "due_at", "id", postgresql_include=["phase"], postgresql_where=IS_OPEN),
        Index(
            "ix_appeal_incoming",
            "forwarded_to_id",
            "due_at",
            "id",
            postgresql_where=text("phase = 'incoming'"),
        ),
        Index(
            "ix_appeal_incoming_group",
            "forwarded_org_id",
            "forwarded_role",
            "due_at",
            "id",
            postgresql_where=text("phase = 'incoming' AND forwarded_role IS NOT NULL"),
        ),
        Index("ix_appeal_owner", "owner_id", desc("id")),
        Index(
            "ix_appeal_review",
            "due_at",
            "id",
            postgresql_include=["responsible_org_id"],
            postgresql_where=text("phase = 'review'"),
        ),
        Index("ix_appeal_deleted", "id", postgresql_where=text("phase = 'deleted'")),
        # How many open appeals somebody has stands beside him in each search of the register.
        Index("ix_appeal_open_of_applicant", "applicant_id", postgresql_where=IS_OPEN),
        Index("ix_appeal_open_of_insured", "insured_id", postgresql_where=IS_OPEN),
        Index("ix_appeal_applicant", "applicant_id", desc("id")),
        Index("ix_appeal_insured", "insured_id", desc("id")),
        Index("ix_appeal_written_no", "written_no", postgresql_where=text("written_no <> ''")),
        # Orders of lists that hold closed appeals too (journal.listing.INDEXED), and the search by telephone and words.
        Index("ix_appeal_applicant_key", "applicant_key", "id"),
        Index("ix_appeal_received", "appeal_at", "id"),
        Index("ix_appeal_topic", "topic_code", "id"),
        Index("ix_appeal_phone", text("(applicant_snapshot ->> 'phone')"), "id"),
        Index("ix_appeal_number_tail", text('(reverse(number) COLLATE "C")'), "id"),
        Index("ix_appeal_phone_tail", text("(reverse(applicant_snapshot ->> 'phone') COLLATE \"C\")"), "id"),
        Index("ix_appeal_words", "words", postgresql_using="gin"),
        Index("ix_appeal_restricted", "applicant_id", postgresql_where=text("restricted <> 'no'")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    number: Mapped[str] = mapped_column(KEY, unique=True)
    version: Mapped[int] = mapped_column(server_default=text("1"))
    idempotency_key: Mapped[str] = mapped_column(Text)
    draft_id: Mapped[int | None] = mapped_column(BigInteger, unique=True)
    """The draft that it was; a draft saved twice is still one appeal. No foreign key: drafts are deleted."""
    phase: Mapped[str] = mapped_column(Text)
    is_open: Mapped[bool] = mapped_column(Computed(_OPEN, persisted=True))
    status_code: Mapped[str] = mapped_column(ForeignKey("status.code"))
    created_at: Mapped[datetime]
    appeal_at: Mapped[datetime]
    type_code: Mapped[str] = mapped_column(ForeignKey("appeal_type.code"))
    topic_code: Mapped[str] = mapped_column(ForeignKey("topic.code"))
    channel_code: Mapped[str] = mapped_column(ForeignKey("channel.code"))
    form: Mapped[str] = mapped_column(Text)
    source_code: Mapped[str] = mapped_column(ForeignKey("source.code"))
    source_org: Mapped[str] = mapped_column(Text, server_default="")
    written_no: Mapped[str] = mapped_column(Text, server_default="")
    written_date: Mapped[date | None]
    to_head_of_region: Mapped[bool] = mapped_column(server_default=text("false"))
    urgent: Mapped[bool] = mapped_column(server_default=text("false"))
    anonymous: Mapped[bool] = mapped_column(server_default=text("false"))
    applicant_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    applicant_name: Mapped[str] = mapped_column(Text, server_default="")
    applicant_key: Mapped[str] = mapped_column(KEY, Computed(search_key("applicant_name"), persisted=True))
    applicant_snapshot: Mapped[dict[str, Any]]
    same_person: Mapped[bool] = mapped_column(server_default=text("true"))
    insured_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    insured_snapshot: Mapped[dict[str, Any]]
    kinship_code: Mapped[str | None] = mapped_column(ForeignKey("kinship.code"))
    representative_doc: Mapped[str] = mapped_column(Text, server_default="")
    title: Mapped[str] = mapped_column(Text, server_default="")
    content: Mapped[str] = mapped_column(Text)
    measures: Mapped[str] = mapped_column(Text, server_default="")
    result_code: Mapped[str | None] = mapped_column(ForeignKey("result.code"))
    result_comment: Mapped[str] = mapped_column(Text, server_default="")
    creator_id: Mapped[int] = mapped_column(ForeignKey("staff_user.id"))
    owner_id: Mapped[int] = mapped_column(ForeignKey("staff_user.id"))
    forwarded_to_id: Mapped[int | None] = mapped_column(ForeignKey("staff_user.id"))
    forwarded_role: Mapped[str | None] = mapped_column(Text)
    """It waits for anybody of this role in ``forwarded_org_id`` (domain 2.4: person or group)."""
    forwarded_org_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"))
    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    """Where it was registered: part of the number."""
    responsible_org_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"))
    """Organisation of the owner after each acceptance (S000-51)."""
    due_at: Mapped[datetime]
    due_rule: Mapped[str] = mapped_column(Text)
    due_base: Mapped[datetime]
    due_manual: Mapped[bool] = mapped_column(server_default=text("false"))
    words: Mapped[str] = mapped_column(TSVECTOR, Computed(_WORDS, persisted=True), deferred=True)
    """Stems of the texts for the search (ADR 0019). Too large to be read with every appeal."""
    close_date: Mapped[datetime | None]
    closed_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff_user.id"))
    written_close_date: Mapped[date | None]
    """Day of the answer to a letter, typed by hand (S000-67)."""
    result_org: Mapped[str] = mapped_column(Text, server_default="")
    """Where it was sent, when its result says that it was."""
    citizen_told: Mapped[bool] = mapped_column(server_default=text("false"))
    final_closed_at: Mapped[datetime | None]
    final_closed_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff_user.id"))
    deleted_at: Mapped[datetime | None]
    deleted_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff_user.id"))
    deleted_reason: Mapped[str] = mapped_column(Text, server_default="")
    restricted: Mapped[str] = mapped_column(Text, server_default="no")
    """Who else may read it (S003-110): a value of ``restriction.Restriction``."""
    restricted_by_id: Mapped[int | None] = mapped_column(ForeignKey("staff_user.id"))
    deleted_from: Mapped[str | None] = mapped_column(Text)
    """Status before the deletion: a restored appeal goes back there."""


class AppealWorkerRow(Base):
    """Everybody who has worked with an appeal: the folder «Обращения» (S000-05)."""

    __tablename__ = "appeal_worker"
    __table_args__ = (
        Index(
            "ix_appeal_worker_user_id_appeal_id",
            "user_id",
            desc("appeal_id"),
            unique=True,
            postgresql_include=[
                "phase",
                "appeal_at",
                "due_at",
                "applicant_key",
                "type_code",
                "topic_code",
                "channel_code",
                "status_code",
                "responsible_org_id",
                "owner_id",
            ],
        ),
        Index("ix_appeal_worker_phase", "user_id", "phase", "appeal_id", postgresql_where=text("phase IS NOT NULL")),
    )

    appeal_id: Mapped[int] = mapped_column(ForeignKey("appeal.id"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("staff_user.id"), primary_key=True)
    phase: Mapped[str | None] = mapped_column(Text)
    """The appeal's, null when it is closed or cancelled. The database writes it (``migrations/initial/workers.py``)."""
    # Copies of the appeal's own, written by the database, too: years of work are ordered and narrowed by an index alone
    # (ADR 0033).
    appeal_at: Mapped[datetime]
    due_at: Mapped[datetime]
    applicant_key: Mapped[str] = mapped_column(KEY)
    type_code: Mapped[str] = mapped_column(Text)
    topic_code: Mapped[str] = mapped_column(Text)
    channel_code: Mapped[str] = mapped_column(Text)
    status_code: Mapped[str] = mapped_column(Text)
    responsible_org_id: Mapped[int] = mapped_column(BigInteger)
    owner_id: Mapped[int] = mapped_column(BigInteger)


class StatusEventRow(Base):
    """A line of the history (S000-79). A trigger refuses changes and deletions."""

    __tablename__ = "appeal_status_event"
    __table_args__ = (
        Index("ix_appeal_status_event_appeal_id_id", "appeal_id", "id"),
        # Who sent what to review and whose came back: the administrator's counter of returns.
        Index("ix_appeal_status_event_review", "at", postgresql_where=text("to_phase IN ('review', 'rework')")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    appeal_id: Mapped[int] = mapped_column(ForeignKey("appeal.id"))
    at: Mapped[datetime]
    by_id: Mapped[int] = mapped_column(ForeignKey("staff_user.id"))
    event: Mapped[str] = mapped_column(Text)
    from_phase: Mapped[str | None] = mapped_column(Text)
    to_phase: Mapped[str] = mapped_column(Text)
    status_code: Mapped[str] = mapped_column(ForeignKey("status.code"))
    owner_id: Mapped[int | None] = mapped_column(ForeignKey("staff_user.id"))
    comment: Mapped[str] = mapped_column(Text, server_default="")
    result_code: Mapped[str | None] = mapped_column(ForeignKey("result.code"))
    """The result with which it was closed then (S000-79)."""
    close_date: Mapped[datetime | None]
    """The closing date that a return cleared: kept here (domain 2.3, T11)."""
    target: Mapped[str] = mapped_column(Text, server_default="")
    """To whom it was given: a short name, or a group in words."""


CALL_BACK = "callback"
"""Relation of a call that an operator placed from the appeal that it is about (domain 2.2)."""


class AppealCallRow(Base):
    """Which calls belong to which appeals: n to m (domain 2.1)."""

    __tablename__ = "call_appeal"

    call_key: Mapped[str] = mapped_column(Text, primary_key=True)
    """No foreign key: a card may be saved before the row of its call is written."""
    appeal_id: Mapped[int] = mapped_column(ForeignKey("appeal.id"), primary_key=True, index=True)
    relation: Mapped[str] = mapped_column(Text)


class DraftRow(Base):
    """An unsaved card (DAY-17)."""

    __tablename__ = "draft"
    __table_args__ = (
        Index(
            "uq_draft_user_call",
            "user_id",
            "call_key",
            unique=True,
            postgresql_where=text("call_key IS NOT NULL"),
        ),
        Index("ix_draft_user_saved", "user_id", desc("saved_at")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("staff_user.id"))
    call_key: Mapped[str | None] = mapped_column(Text)
    fields: Mapped[dict[str, Any]]
    rev: Mapped[int] = mapped_column(server_default=text("0"))
    created_at: Mapped[datetime]
    saved_at: Mapped[datetime]
    handed_by: Mapped[int | None] = mapped_column(ForeignKey("staff_user.id"))


class NumberCounterRow(Base):
    """The last number given out in a journal of an organisation (domain 2.6)."""

    __tablename__ = "number_counter"

    organisation_id: Mapped[int] = mapped_column(ForeignKey("organisation.id"), primary_key=True)
    journal: Mapped[str] = mapped_column(Text, primary_key=True)
    period: Mapped[str] = mapped_column(Text, primary_key=True)
    value: Mapped[int] = mapped_column(BigInteger)


class OutboxRow(Base):
    """A fact to be published after its transaction; deleted once it was."""

    __tablename__ = "outbox"

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    kind: Mapped[str] = mapped_column(Text)
    payload: Mapped[dict[str, Any]]
    created_at: Mapped[datetime]


def is_open() -> ColumnElement[bool]:
    """Return the condition of the partial indexes: the deadline runs."""
    return AppealRecord.__table__.c.is_open
