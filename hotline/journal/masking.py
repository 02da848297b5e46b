"""Private data that a reader need not see are hidden before they leave the journal (domain 3.4). Pure.

Who registers or edits appeals, or edits persons, works with numbers and addresses and sees them. Whoever else may look
(a supervisor, a quality specialist) sees the last digits, and by ``person.unmask`` the rest, which is written down.
"""

from __future__ import annotations

from dataclasses import replace

from hotline.cti.model import Direction
from hotline.journal.dossier_model import Dossier
from hotline.journal.model import Appeal, AppealRow, CallRow, PersonRow, PersonSnapshot
from hotline.journal.restriction import sees_contacts, sees_content
from hotline.staff.model import Right, User

_WORKS = (Right.APPEAL_CREATE, Right.APPEAL_EDIT_OWN, Right.APPEAL_EDIT_ANY, Right.PERSON_EDIT)
_UNMASKED = "(unmasked)"
"""Held by nobody: :func:`unmasked` lends it for one answer."""
SHOWN = 4
_CONTACTS = ("address", "address_fact", "email")
HIDDEN = frozenset({"enp", "snils", "policy", "phone", "address", "address_fact", "email", "notes"})


def sees_private(user: User) -> bool:
    """Tell whether ``user`` sees numbers and addresses of citizens as they are."""
    return any(user.may(right) for right in (*_WORKS, _UNMASKED))


def unmasked(user: User) -> User:
    """Return ``user`` as one who sees everything, for a single answer; the caller writes it into the audit trail."""
    return replace(user, permissions=user.permissions | {_UNMASKED})


def tail(value: str) -> str:
    """Return the last four characters of a number, so that people can tell two of them apart: «••••1239».

    Of a short one nothing is left to tell.
    """
    if not value:
        return ""
    return "••••" + (value[-SHOWN:] if len(value) >= 2 * SHOWN else "")


def person(user: User | None, found: PersonRow, *, contacts: bool = True) -> PersonRow:
    """Return a person of a list; ``None`` is the program itself.

    :param contacts: no appeal of the person's keeps his telephones and addresses from ``user`` (S003-110).
    """
    if user is None or _UNMASKED in user.permissions:
        return found
    if sees_private(user):
        return found if contacts else replace(found, phones=(), address="")
    return replace(
        found,
        enp=tail(found.enp) if found.enp else found.enp,
        snils=tail(found.snils) if found.snils else found.snils,
        policy=tail(found.policy) if found.policy else found.policy,
        phones=(),
        address="",
    )


def dossier(user: User, found: Dossier, *, contacts: bool = True) -> Dossier:
    """Return a dossier; what is missing from it stands in ``hidden``.

    :param contacts: no appeal of the person's keeps his telephones and addresses from ``user`` (S003-110).
    """
    if sees_private(user):
        return found if contacts or _UNMASKED in user.permissions else _unreachable(found)
    filled = {name for name in HIDDEN - {"phone"} if getattr(found, name)} | ({"phone"} if found.phones else set())
    return replace(
        found,
        enp=tail(found.enp),
        snils=tail(found.snils),
        policy=tail(found.policy),
        address="",
        address_fact="",
        email="",
        notes="",
        phones=(),
        hidden=frozenset(filled),
    )


def _unreachable(found: Dossier) -> Dossier:
    """Hide where to reach somebody, and nothing else."""
    filled = {name for name in _CONTACTS if getattr(found, name)} | ({"phone"} if found.phones else set())
    return replace(found, address="", address_fact="", email="", phones=(), hidden=frozenset(filled))


def appeal(user: User, found: Appeal, *, works: bool) -> Appeal:
    """Return an appeal with the data of its people hidden; ``masked`` says that there were any.

    :param works: he works or has worked with it: its restriction is not for him (S003-110).
    """
    contacts = _UNMASKED in user.permissions or sees_contacts(user, found.restricted, works=works)
    if (sees_private(user) and contacts) or found.heading_only:
        return found
    fields = {
        name: tail(text) if name.partition("_")[2] in HIDDEN and name.startswith(("applicant_", "insured_")) else text
        for name, text in found.fields.items()
    }
    return replace(
        found, applicant=_snapshot(found.applicant), insured=_snapshot(found.insured), fields=fields, masked=True
    )


def row(user: User, found: AppealRow, *, works: bool) -> AppealRow:
    """Return a line of a list of appeals: no telephone where there is none to call back to.

    :param works: he works or has worked with it: its restriction is not for him (S003-110).
    """
    if not sees_content(user, found.restricted, works=works):
        return replace(found, applicant="", phone="", topic="", limited=True)
    if not sees_contacts(user, found.restricted, works=works):
        return replace(found, phone="")
    foreign = found.organisation != user.organisation.short_name and not user.may(Right.APPEAL_EDIT_ANY)
    return found if sees_private(user) and not foreign else replace(found, phone="")


def call(user: User, found: CallRow) -> CallRow:
    """Return a line of a list of calls: the citizen's number to whoever sees numbers, or talked with him himself.

    Whose calls he may see at all is ``visibility.calls``.
    """
    if not hides_number(user, found.direction, found.operator_id):
        return found
    if found.direction == Direction.OUT:
        return replace(found, dialled=tail(found.dialled), masked=True)
    return replace(found, caller=number(found.caller), masked=True)


def hides_number(user: User, direction: str, operator_id: int | None) -> bool:
    """Tell whether the citizen's number of a call is hidden from ``user``: not of his own talks."""
    return direction != Direction.INTERNAL and operator_id != user.id and not sees_private(user)


def number(found: str | None) -> str | None:
    """Return a telephone number for who does not see numbers; a withheld one stays ``None``."""
    return tail(found) if found is not None else None


def _snapshot(who: PersonSnapshot) -> PersonSnapshot:
    return replace(
        who,
        phone=tail(who.phone),
        enp=tail(who.enp),
        snils=tail(who.snils),
        policy=tail(who.policy),
        address="••••" if who.address else "",
        email="••••" if who.email else "",
    )
