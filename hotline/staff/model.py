"""People who work with the hotline: data only, no I/O.

Role and right codes are text: an organisation's profile may add its own (domain 2.2, 2.11). ``Role`` and ``Right``
name those that code refers to.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from zoneinfo import ZoneInfo

from hotline.staff.sight import Sight


def short_name(last: str | None, first: str | None, patronymic: str | None) -> str:
    """Return «Иванова А. П.»; ``""`` when there is no surname."""
    if not last:
        return ""
    return " ".join((last, *(f"{part[0]}." for part in (first, patronymic) if part)))


class Role(StrEnum):
    """Roles that ship with the product (S000-01, domain 2.2)."""

    OP1 = "op1"  # operator of the fund, level 1
    OP2 = "op2"
    SP1 = "sp1"  # insurance representative, level 1
    SP2 = "sp2"
    SP3 = "sp3"
    ADMIN = "admin"  # administrator of the contact centre
    SUPERVISOR = "supervisor"
    RESPONSIBLE = "responsible"
    QUALITY = "quality"
    AUDITOR = "auditor"
    SYSADMIN = "sysadmin"
    WALL = "wall"  # a big screen that nobody sits at


class Right(StrEnum):
    """The rights catalogue (domain 2.11). Profiles may grant further codes, such as those of seed 003."""

    APPEAL_CREATE = "appeal.create"
    APPEAL_CREATE_WRITTEN = "appeal.create_written"
    APPEAL_EDIT_OWN = "appeal.edit_own"
    APPEAL_EDIT_ANY = "appeal.edit_any"
    APPEAL_FORWARD = "appeal.forward"
    APPEAL_ACCEPT = "appeal.accept"
    APPEAL_CLOSE = "appeal.close"
    APPEAL_CLOSE_CONSULTATION = "appeal.close_consultation"
    APPEAL_REVIEW = "appeal.review"
    APPEAL_RETURN = "appeal.return"
    APPEAL_FINAL_CLOSE = "appeal.final_close"
    APPEAL_EXTEND = "appeal.extend"
    APPEAL_EXTEND_REQUEST = "appeal.extend_request"
    APPEAL_DELETE = "appeal.delete"
    APPEAL_RESTORE = "appeal.restore"
    APPEAL_REOPEN = "appeal.reopen"
    APPEAL_BULK = "appeal.bulk"
    APPEAL_RESTRICT = "appeal.restrict"
    APPEAL_VIEW_RESTRICTED = "appeal.view_restricted"
    APPEAL_CHANGE_OWNER = "appeal.change_owner"
    APPEAL_CHANGE_OPENED_AT = "appeal.change_opened_at"
    APPEAL_CHANGE_TEXT = "appeal.change_text"
    APPEAL_EXPORT = "appeal.export"
    APPEAL_PRINT = "appeal.print"
    APPEAL_VIEW_ALL = "appeal.view_all"
    PERSON_SEARCH = "person.search_region"
    PERSON_SEARCH_ALL = "person.search_all"
    PERSON_VIEW = "person.view"
    PERSON_EDIT = "person.edit"
    PERSON_MERGE = "person.merge"
    PERSON_VIEW_DIAGNOSIS = "person.view_diagnosis"
    PERSON_UNMASK = "person.unmask"
    REGISTER_IMPORT = "register.import"
    CALL_TAKE = "call.take"
    CALL_MAKE = "call.make"
    CALL_TRANSFER = "call.transfer"
    CALL_PICKUP = "call.pickup"
    """Take a call that rings in any queue of this hotline, without serving the queue (level 2 helps out)."""
    CALL_LISTEN_OWN = "call.listen_own"
    CALL_LISTEN_ANY = "call.listen_any"
    CALL_RECORD = "call.record"
    CALL_DOWNLOAD = "call.download"
    CALL_HOLD_RECORDING = "call.hold_recording"
    CALL_MONITOR = "call.monitor"
    CALL_SPY = "call.spy"
    """Listen to a conversation that goes on."""
    CALL_WHISPER = "call.whisper"
    CALL_BARGE = "call.barge"
    CALL_TAKE_OVER = "call.take_over"
    BOARD_WALL = "board.wall"
    """See the figures of the wallboard, and nothing else: who has only this stays logged in for weeks."""
    QUEUE_MANAGE = "queue.manage"
    AGENT_FORCE_STATE = "agent.force_state"
    ATTENDANCE_OWN = "attendance.own"
    ATTENDANCE_VIEW = "attendance.view"
    """See whose shifts are planned and who was there: of whom, is as with calls."""
    ATTENDANCE_PLAN = "attendance.plan"
    QUALITY_REVIEW = "quality.review"
    """Score conversations of one's own organisation by a score sheet."""
    QUALITY_MANAGE = "quality.manage"
    """Write score sheets and the rules by which conversations are drawn."""
    SURVEY_WORK = "survey.work"
    SURVEY_MANAGE = "survey.manage"
    EIR263_WORK = "eir263.work"
    SCRIPT_USE = "script.use"
    SCRIPT_EDIT = "script.edit"
    SCRIPT_APPROVE = "script.approve"
    DICT_EDIT = "dict.edit"
    ORG_ADD_QUICK = "org.add_quick"
    USER_MANAGE = "user.manage"
    AUDIT_VIEW = "audit.view"


class Effect(StrEnum):
    """What a grant does. Deny wins over any number of allows (seed 003's «NÃO PODE…» rights)."""

    ALLOW = "allow"
    DENY = "deny"


@dataclass(frozen=True, slots=True)
class Organisation:
    """A fund, an insurer, a clinic… ``code`` goes into appeal numbers (S000-32)."""

    id: int
    code: str
    kind: str  # tfoms, smo, mo, federal, territorial, executor_body, insurer, provider, plan_operator, other
    name: str
    short_name: str
    time_zone: str = ""  # IANA name; "": the installation's own

    def zone(self, default: ZoneInfo) -> ZoneInfo:
        """Return the zone in which this organisation's days begin and end (domain 2.5 h)."""
        return ZoneInfo(self.time_zone) if self.time_zone else default


@dataclass(frozen=True, slots=True)
class User:
    """Somebody who may log in."""

    id: int
    login: str
    last_name: str
    first_name: str
    patronymic: str
    organisation: Organisation
    extension: str | None  # internal number; unique among active users
    roles: frozenset[str] = frozenset()
    permissions: frozenset[str] = frozenset()  # effective rights: allows minus denies
    active: bool = True
    sight: Sight = field(default_factory=Sight)
    password_temporary: bool = False  # chosen by an administrator: its owner must choose his own first

    @property
    def full_name(self) -> str:
        """«Иванова Анна Петровна» (S001-028)."""
        return " ".join(filter(None, (self.last_name, self.first_name, self.patronymic)))

    @property
    def short_name(self) -> str:
        """«Иванова А. П.»."""
        return short_name(self.last_name, self.first_name, self.patronymic)

    def may(self, right: str) -> bool:
        """Tell whether this user has ``right``."""
        return right in self.permissions

    def has_role(self, *roles: str) -> bool:
        """Tell whether this user has any of ``roles``."""
        return not self.roles.isdisjoint(roles)


@dataclass(frozen=True, slots=True)
class Session:
    """A logged-in browser. ``token`` is only known when the session was just made: the database keeps its SHA-256."""

    id: int
    user: User
    csrf: str
    expires_at: datetime
    token: str = field(default="", repr=False)


@dataclass(frozen=True, slots=True)
class DirectoryEntry:
    """One line of the telephone directory (S001-034). Live state is added by the caller, by ``extension``."""

    user_id: int
    full_name: str
    short_name: str
    organisation: str
    organisation_code: str
    extension: str | None
    roles: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class NewUser:
    """What is needed to create a user."""

    login: str
    password: str = field(repr=False)
    last_name: str
    first_name: str
    organisation_code: str
    roles: tuple[str, ...]
    patronymic: str = ""
    extension: str | None = None
