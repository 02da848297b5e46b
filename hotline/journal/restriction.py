"""Restricted appeals: the citizen asked that not everybody sees him (S003-110, domain 2.8). Pure.

Who works with an appeal always sees it whole. ``contacts`` hides telephones and addresses from the others, as
``journal.masking`` does; the other two leave them the heading, as a restricted topic does.
"""

from __future__ import annotations

from enum import StrEnum

from hotline.staff.model import Right, User

MAX_REASON = 500


class Restriction(StrEnum):
    """How much of an appeal is kept from those who do not work with it; each hides more than those before it."""

    NONE = "no"
    CONTACTS = "contacts"  # telephones and addresses
    PROFILE = "profile"  # all but the heading; holders of ``appeal.view_restricted`` read it
    OPERATOR = "operator"  # all but the heading; besides those who work with it only who may restrict appeals


def sees_contacts(user: User, restriction: str, *, works: bool) -> bool:
    """Tell whether ``user`` sees telephones and addresses of an appeal; ``masking.sees_private`` asks further.

    :param works: he works or has worked with it, or it waits for him (``visibility.works_with``).
    """
    if restriction == Restriction.NONE or works or user.may(Right.APPEAL_EDIT_ANY):
        return True  # whoever may edit it must see what he saves
    return sees_content(user, restriction, works=works) and _privileged(user)


def sees_content(user: User, restriction: str, *, works: bool) -> bool:
    """Tell whether a restriction leaves ``user`` more than the heading; ``visibility.content`` says it in SQL."""
    match restriction:
        case Restriction.NONE | Restriction.CONTACTS:
            return True
        case Restriction.PROFILE:
            return works or _privileged(user)
        case _:
            return works or user.may(Right.APPEAL_RESTRICT)


def choices(user: User, restriction: str, *, owner: bool, own_restriction: bool) -> tuple[Restriction, ...]:
    """Return what ``user`` may make of an appeal's restriction, the present one left out.

    Whoever has the appeal in his hands restricts it when the citizen asks, and takes back what he did himself;
    holders of ``appeal.restrict`` do anything.

    :param owner: the appeal is in his hands.
    :param own_restriction: he set the present restriction himself.
    """
    others = [one for one in Restriction if one != restriction]
    if user.may(Right.APPEAL_RESTRICT):
        return tuple(others)
    if not owner or not (user.may(Right.APPEAL_EDIT_OWN) or user.may(Right.APPEAL_EDIT_ANY)):
        return ()
    order = list(Restriction)
    return tuple(one for one in others if own_restriction or order.index(one) > order.index(Restriction(restriction)))


def _privileged(user: User) -> bool:
    return user.may(Right.APPEAL_VIEW_RESTRICTED) or user.may(Right.APPEAL_RESTRICT)
