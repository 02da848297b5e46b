"""Whether a card may start with the data of the person whom the register knows by the calling number (DAY-11). Pure."""

from __future__ import annotations

from hotline.journal.person_model import PhoneOwners

UNCONFIRMED = "unconfirmed"
"""What is wrong with a card whose data from the register nobody has confirmed."""


def may_prefill(e164: str | None, owners: PhoneOwners) -> bool:
    """Tell whether the only person known by a number is put into the card, to be confirmed by name (DAY-11, DAY-27).

    A withheld or internal number is nobody's. Who shares a number with anybody else, be it somebody whom this user may
    not find, is offered at most; so is who is known to be dead: somebody else calls from there now.

    :param e164: the citizen's number, ``None`` when it is withheld or no number.
    """
    return bool(e164 and e164.startswith("+")) and owners.sole and len(owners.rows) == 1
