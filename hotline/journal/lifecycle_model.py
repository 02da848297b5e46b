"""What the life-cycle use cases take and give back: data only, standard library only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime


@dataclass(frozen=True, slots=True)
class MoveForm:
    """What a dialog of a move sends. Which of it counts is the transition's business; the rest is ignored."""

    comment: str = ""
    result: str = ""  # code
    measures: str = ""
    to_user_id: int | None = None
    to_role: str = ""  # instead of a person: anybody of this role …
    to_org_id: int | None = None  # … in this organisation (domain 2.4)
    due_at: datetime | None = None
    written_close_date: date | None = None
    link: str = ""  # number of the appeal that this one repeats
    organisation: str = ""
    notice: bool = False
    justified: str = ""  # a value of ``complaint.Justified``


@dataclass(frozen=True, slots=True)
class MoveOffer:
    """Something that may be done with an appeal now: a button (``workflow.possible``)."""

    trigger: str
    title: str
    icon: str = ""
    style: str = ""
    asks: tuple[str, ...] = ()
    """Words of ``process_model.Ask``, with arguments (``target=forward``): the fields of its dialog."""


@dataclass(frozen=True, slots=True)
class Remark:
    """«Замечание администратора» (S000-70)."""

    at: datetime
    by: str  # short name
    text: str
    resolved_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class LifeCycle:
    """The part of an appeal that its moves have made."""

    moves: tuple[MoveOffer, ...] = ()
    remarks: tuple[Remark, ...] = ()
    result: str = ""  # title
    result_org: str = ""
    close_date: datetime | None = None
    closed_by: str = ""
    written_close_date: date | None = None
    final_closed_at: datetime | None = None
    group_role: str = ""
    """It waits for anybody of this role in ``group_organisation``."""
    group_organisation: str = ""
    callback_since: datetime | None = None
    """The citizen was promised a call then."""
    asked_due: datetime | None = None
    """Somebody asks for this later deadline (T9)."""
    asked_by: str = ""
    has_extensions: bool = False
    """More time was asked for or given, now or before."""
    deleted_reason: str = ""
