"""A card that starts with whom the register knows by the calling number (DAY-11)."""

from __future__ import annotations

from hotline.journal.model import Draft
from hotline.journal.person_model import PhoneOwners
from hotline.journal.prefill import may_prefill
from hotline.web.views.people import found_person


def from_register(
    draft: Draft, values: dict[str, str], phone: str | None, known: PhoneOwners, *, by_call: bool
) -> dict[str, str]:
    """Put the only person known by the calling number into a card nobody has typed in yet (DAY-11); return his fields.

    ``values["unconfirmed"]`` names his dossier until the operator confirms or clears the data. A card typed in already
    keeps what it has; the fields are returned then as well while they are unconfirmed, so that they can be cleared.
    """
    if not may_prefill(phone, known):
        return {}
    person = found_person(known.rows[0]).attach
    if by_call and draft.rev == 0 and not values["anonymous"]:
        values["unconfirmed"] = person["id"]
    elif values["unconfirmed"] != person["id"]:
        return {}
    # The number that calls right now is better than the one in the register.
    fields = {f"applicant_{name}": text for name, text in person.items() if name not in {"id", "person_id", "phone"}}
    if draft.rev == 0:
        values |= fields
    return fields
