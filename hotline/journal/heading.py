"""An appeal of which only the heading may be seen (domain 2.8: an insurer's appeal in the fund's lists). Pure."""

from __future__ import annotations

from dataclasses import MISSING, fields, replace
from typing import Any

from hotline.journal.model import Appeal, Named, PersonSnapshot
from hotline.journal.restriction import Restriction

KEPT = frozenset(
    {
        "id", "number", "version", "phase", "status", "colour", "created_at", "appeal_at", "due_at", "type", "topic",
        "channel", "form", "source", "organisation", "creator", "owner", "forwarded_to", "anonymous",
        "status_icon", "status_colour", "restricted",
    }
)  # fmt: skip
"""What a heading consists of. Whatever a later version adds to an appeal is left out until it is named here."""


def heading(appeal: Appeal) -> Appeal:
    """Return the appeal without people's data, texts, calls, comments and actions.

    The applicant's name stays, but not of a restricted appeal (S003-110).
    """
    who = appeal.applicant
    restricted = appeal.restricted in {Restriction.PROFILE, Restriction.OPERATOR}
    name = PersonSnapshot(last_name=who.last_name, first_name=who.first_name, patronymic=who.patronymic)
    emptied: dict[str, Any] = {
        "applicant": PersonSnapshot() if restricted else name,
        "topic": Named("", "") if restricted else appeal.topic,
        "insured": PersonSnapshot(),
        "same_person": True,
        "content": "",
        "fields": dict.fromkeys(appeal.fields, ""),
        "heading_only": True,
    }
    for one in fields(Appeal):
        if one.name in KEPT or one.name in emptied:
            continue
        emptied[one.name] = one.default_factory() if one.default_factory is not MISSING else one.default
    return replace(appeal, **emptied)
