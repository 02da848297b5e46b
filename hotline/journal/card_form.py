"""The registration card as the form sends it, and as drafts keep it: data only, standard library only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field, fields

ONLY_NEW = frozenset({
    "draft_id", "call_key", "links", "script_uses", "duplicates_seen", "unconfirmed",
    "restriction", "restriction_reason",
})  # fmt: skip
"""Fields that say how a card is saved; they are no property of the appeal that it becomes."""


def storable(text: str) -> str:
    """Return ``text`` without what PostgreSQL cannot hold: NUL characters and halves of surrogate pairs."""
    return text.encode("utf-8", "replace").decode().replace("\0", "")


@dataclass(frozen=True, slots=True)
class PersonFields:
    """What a card says about a person, as it was typed. All text; ``""`` means empty.

    ``person_id`` is the attached dossier (decimal) and ``birth_date`` is ``YYYY-MM-DD`` or ``DD.MM.YYYY``.
    """

    person_id: str = ""
    last_name: str = ""
    first_name: str = ""
    patronymic: str = ""
    birth_date: str = ""
    phone: str = ""
    enp: str = ""
    snils: str = ""
    policy: str = ""
    address: str = ""
    email: str = ""


@dataclass(frozen=True, slots=True)
class CardForm:
    """The registration card as the form sends it. Every value is text; checkboxes are ``"1"`` or ``""``.

    Form field names are the attribute names; those of ``applicant`` and ``insured`` carry the prefix ``applicant_`` and
    ``insured_`` (``applicant_last_name``). The same names are the keys of :attr:`Draft.fields`.
    """

    draft_id: str = ""
    call_key: str = ""
    type: str = ""
    topic: str = ""
    channel: str = ""
    source: str = ""
    source_org: str = ""  # name of the organisation (S000-41): of ``source_org_id``, or free text
    source_org_id: str = ""
    appeal_at: str = ""  # local time of the organisation, ``YYYY-MM-DDTHH:MM``; empty = now
    written_no: str = ""
    written_date: str = ""
    to_head_of_region: str = ""
    urgent: str = ""
    anonymous: str = ""
    same_person: str = "1"
    kinship: str = ""
    representative_doc: str = ""
    title: str = ""
    content: str = ""
    measures: str = ""
    court_initiator: str = ""  # complaints only (S000-59…S000-62): a value of ``complaint.Initiator``
    complaint_info: str = ""
    court_decision: str = ""
    refund_date: str = ""
    refund_sum: str = ""  # roubles, as typed
    refund_org: str = ""
    refund_org_id: str = ""
    justified: str = ""  # a value of ``complaint.Justified``
    links: str = ""  # earlier appeals to link when saved (S001-058): ``12:repeat 15:dissatisfied``
    script_uses: str = ""  # answers that were inserted (DAY-39): ``SC03@1 SC05@2``
    duplicates_seen: str = ""  # ``ask`` and the ids of appeals that the operator was warned of (DAY-23)
    unconfirmed: str = ""  # dossier whose data fill the applicant's fields, while nobody has confirmed them (DAY-11)
    restriction: str = ""  # a value of ``restriction.Restriction`` that holds from the first moment on (S003-110)
    restriction_reason: str = ""
    applicant: PersonFields = field(default_factory=PersonFields)
    insured: PersonFields = field(default_factory=PersonFields)

    @classmethod
    def from_fields(cls, values: Mapping[str, str]) -> CardForm:
        """Make a form from flat field names. Unknown names are ignored; text is stripped; absent means empty.

        ``same_person`` absent means that the box was not ticked.
        """
        values = {name: storable(text).strip() for name, text in values.items()}
        plain = {f.name: values.get(f.name, "") for f in fields(cls) if f.name not in {"applicant", "insured"}}
        people = {
            prefix: PersonFields(**{f.name: values.get(f"{prefix}_{f.name}", "") for f in fields(PersonFields)})
            for prefix in ("applicant", "insured")
        }
        return cls(applicant=people["applicant"], insured=people["insured"], **plain)

    def to_fields(self) -> dict[str, str]:
        """Flatten into field names, the inverse of :meth:`from_fields`."""
        flat: dict[str, str] = {}
        for f in fields(self):
            value = getattr(self, f.name)
            if isinstance(value, PersonFields):
                flat |= {f"{f.name}_{name}": text for name, text in asdict(value).items()}
            else:
                flat[f.name] = value
        return flat
