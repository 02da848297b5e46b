"""Checks a registration card as a whole and says everything that is wrong with it at once (T2, domain 2.2).

No database here: the lists are passed in. What can be doubted but not refused becomes a warning.
"""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta
from enum import StrEnum
from zoneinfo import ZoneInfo

from hotline.errors import BadInput
from hotline.journal import identifiers
from hotline.journal.card_form import CardForm, PersonFields
from hotline.journal.complaint import MAX_DECISION, MAX_INFO, Complaint, Initiator, Justified, money, refund_problems
from hotline.journal.model import Form, PersonSnapshot
from hotline.journal.personquery import policy_key
from hotline.journal.prefill import UNCONFIRMED
from hotline.journal.restriction import MAX_REASON, Restriction
from hotline.staff.model import Right, User

MAX_CONTENT = 99_999
"""S003-114."""
MAX_LINE = 2_000
_CLOCKS_DIFFER = timedelta(minutes=5)
_OLDEST = date(1900, 1, 1)
REQUIRED = "required"
UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Lists:
    """The classifier as far as a card needs it: codes, and what hangs on them."""

    types: frozenset[str]
    topics: Mapping[str, str]  # code -> type
    channels: Mapping[str, Form]
    sources: frozenset[str]
    kinships: frozenset[str]
    complaints: frozenset[str] = frozenset()
    """Types whose cards have the complaint block (S000-34)."""


@dataclass(frozen=True, slots=True)
class CardData:
    """A card that can be saved."""

    type: str
    topic: str
    channel: str
    form: Form
    source: str
    source_org: str
    appeal_at: datetime
    written_no: str
    written_date: date | None
    to_head_of_region: bool
    urgent: bool
    anonymous: bool
    applicant: PersonSnapshot
    same_person: bool
    insured: PersonSnapshot
    kinship: str | None
    representative_doc: str
    title: str
    content: str
    measures: str
    source_org_id: int | None = None
    complaint: Complaint | None = None
    """``None`` for everything that is no complaint: what its disabled fields hold means nothing then."""
    warnings: tuple[str, ...] = ()


@dataclass(slots=True)
class _Check:
    """Collects what is wrong, field by field."""

    form: CardForm
    zone: ZoneInfo
    now: datetime
    errors: dict[str, str] = field(default_factory=dict)
    warnings: list[str] = field(default_factory=list)

    def one_of(self, name: str, value: str, known: Container[str]) -> str:
        if not value:
            self.errors[name] = REQUIRED
        elif value not in known:
            self.errors[name] = UNKNOWN
        return value

    def text(self, name: str, value: str, *, required: bool = False, limit: int = MAX_LINE) -> str:
        if required and not value:
            self.errors[name] = REQUIRED
        elif len(value) > limit:
            self.errors[name] = f"at most {limit} characters"
        return value

    def appeal_at(self) -> datetime:
        if not self.form.appeal_at:
            return self.now
        try:
            local = datetime.fromisoformat(self.form.appeal_at)
        except ValueError:
            self.errors["appeal_at"] = "not a date and time"
            return self.now
        try:
            moment = (local.replace(tzinfo=self.zone) if local.tzinfo is None else local).astimezone(self.now.tzinfo)
        except OverflowError:
            self.errors["appeal_at"] = "not a date and time"
            return self.now
        if moment > self.now + _CLOCKS_DIFFER:
            self.errors["appeal_at"] = "must not be in the future"
        elif moment.date() < _OLDEST:
            self.errors["appeal_at"] = "too long ago"
        return moment

    def day(self, name: str, text: str) -> date | None:
        if not text:
            return None
        day = identifiers.birth_date(text)
        if day is None:
            self.errors[name] = "not a date"
        elif day > self.now.astimezone(self.zone).date():
            self.errors[name] = "must not be in the future"
        elif day < _OLDEST:
            self.errors[name] = "too long ago"
        return day

    def number(self, name: str, text: str) -> int | None:
        if not text:
            return None
        if text.isascii() and text.isdigit() and len(text) <= 18:
            return int(text)
        self.errors[name] = UNKNOWN
        return None

    def complaint(self) -> Complaint:
        form = self.form
        refund_sum = money(form.refund_sum) if form.refund_sum else None
        if form.refund_sum and refund_sum is None:
            self.errors["refund_sum"] = "not a sum of money"
        found = Complaint(
            court_initiator=self.choice("court_initiator", form.court_initiator, Initiator),
            info=self.text("complaint_info", form.complaint_info, limit=MAX_INFO),
            court_decision=self.text("court_decision", form.court_decision, limit=MAX_DECISION),
            refund_date=self.day("refund_date", form.refund_date),
            refund_sum=refund_sum,
            refund_org=self.text("refund_org", form.refund_org, limit=300),
            refund_org_id=self.number("refund_org", form.refund_org_id) if form.refund_org else None,
            justified=self.choice("justified", form.justified, Justified),
        )
        for name, problem in refund_problems(found).items():
            self.errors.setdefault(name, problem)
        return found

    def choice(self, name: str, text: str, known: type[StrEnum]) -> str:
        if text and text not in list(known):
            self.errors[name] = UNKNOWN
        return text

    def person(self, prefix: str, who: PersonFields) -> PersonSnapshot:
        birth_date = self.day(f"{prefix}_birth_date", who.birth_date)
        phone = identifiers.phone(who.phone)
        if who.phone and phone is None:
            self.warnings.append("phone-not-recognised")
        if who.email and ("@" not in who.email[1:-1] or " " in who.email):
            self.errors[f"{prefix}_email"] = "not an e-mail address"
        return PersonSnapshot(
            person_id=self.number(f"{prefix}_person_id", who.person_id),
            last_name=self.text(f"{prefix}_last_name", who.last_name, limit=100),
            first_name=self.text(f"{prefix}_first_name", who.first_name, limit=100),
            patronymic=self.text(f"{prefix}_patronymic", who.patronymic, limit=100),
            birth_date=birth_date,
            phone=phone or self.text(f"{prefix}_phone", who.phone, limit=40),
            enp=self.identifier(f"{prefix}_enp", who.enp, identifiers.enp, "must have 16 digits"),
            snils=self.identifier(f"{prefix}_snils", who.snils, identifiers.snils, "must have 11 digits"),
            policy=self.policy(f"{prefix}_policy", who.policy),
            address=self.text(f"{prefix}_address", who.address),
            email=self.text(f"{prefix}_email", who.email, limit=254),
        )

    def identifier(self, name: str, text: str, read: Callable[[str], identifiers.Checked | None], problem: str) -> str:
        if not text:
            return ""
        found = read(text)
        if found is None:
            self.errors[name] = problem
            return ""
        if found.warning:
            self.warnings.append(found.warning)
        return found.value

    def policy(self, name: str, text: str) -> str:
        if not text:
            return ""
        key = policy_key(text)
        if key is None:
            self.errors[name] = "not a policy number"
        return key or ""


def check(form: CardForm, lists: Lists, user: User, zone: ZoneInfo, now: datetime) -> CardData:
    """Return the card's data.

    :param zone: the organisation's time zone, in which ``form.appeal_at`` is meant.
    :raises BadInput: ``details`` maps every wrong field to what is wrong with it.
    """
    check = _Check(form, zone, now)
    kind = check.one_of("type", form.type, lists.types)
    topic = check.one_of("topic", form.topic, lists.topics)
    if topic in lists.topics and kind in lists.types and lists.topics[topic] != kind:
        check.errors["topic"] = "belongs to another type"
    channel = check.one_of("channel", form.channel, lists.channels)
    written = lists.channels.get(channel, Form.ORAL) is Form.WRITTEN
    if written and not user.may(Right.APPEAL_CREATE_WRITTEN):
        check.errors["channel"] = "your role registers oral appeals only"
    anonymous = bool(form.anonymous)
    applicant = check.person("applicant", form.applicant)
    if form.unconfirmed:
        # Whose data they are was asked of nobody; the number alone must attach nobody (DAY-11).
        check.errors["applicant_last_name"] = UNCONFIRMED
    if not anonymous and not applicant.last_name:
        check.errors.setdefault("applicant_last_name", REQUIRED)
    same_person = bool(form.same_person) or anonymous
    insured = applicant if same_person else check.person("insured", form.insured)
    if not same_person and not insured.last_name:
        check.errors.setdefault("insured_last_name", REQUIRED)
    if form.restriction not in {"", Restriction.NONE}:
        check.one_of("restriction", form.restriction, tuple(Restriction))
        check.text("restriction_reason", form.restriction_reason, required=True, limit=MAX_REASON)
    kinship = None if same_person or not form.kinship else check.one_of("kinship", form.kinship, lists.kinships)
    data = CardData(
        type=kind,
        topic=topic,
        channel=channel,
        form=Form.WRITTEN if written else Form.ORAL,
        source=check.one_of("source", form.source, lists.sources),
        source_org=check.text("source_org", form.source_org, limit=300),
        source_org_id=check.number("source_org", form.source_org_id) if form.source_org else None,
        appeal_at=check.appeal_at(),
        # Fields of a letter mean nothing for a call (S000-37), whatever a hidden input still holds.
        written_no=check.text("written_no", form.written_no, limit=100) if written else "",
        written_date=check.day("written_date", form.written_date) if written else None,
        to_head_of_region=written and bool(form.to_head_of_region),
        urgent=bool(form.urgent),
        anonymous=anonymous,
        applicant=applicant,
        same_person=same_person,
        insured=insured,
        kinship=kinship,
        representative_doc=check.text("representative_doc", form.representative_doc),
        title=check.text("title", form.title),
        content=check.text("content", form.content, required=True, limit=MAX_CONTENT),
        measures=check.text("measures", form.measures, limit=MAX_CONTENT),
        complaint=check.complaint() if kind in lists.complaints else None,
        warnings=tuple(dict.fromkeys(check.warnings)),
    )
    if check.errors:
        raise BadInput("the card cannot be saved yet", error_id="card-incomplete", details=check.errors)
    return data
