"""An appeal of which only the heading may be seen (domain 2.8: an insurer's appeal in the fund's lists). Pure."""

from __future__ import annotations

from dataclasses import MISSING, fields, replace
from typing import Any

from hotline.journal.model import Appeal, PersonSnapshot

KEPT = frozenset(
    {
        "id", "number", "version", "phase", "status", "colour", "created_at", "appeal_at", "due_at", "type", "topic",
        "channel", "form", "source", "organisation", "creator", "owner", "forwarded_to", "anonymous",
        "status_icon", "status_colour",
    }
)  # fmt: skip
"""What a heading consists of. Whatever a later version adds to an appeal is left out until it is named here."""


def heading(appeal: Appeal) -> Appeal:
    """Return the appeal without people's data, texts, calls, comments and actions; only the applicant's name stays."""
    who = appeal.applicant
    emptied: dict[str, Any] = {
        "applicant": PersonSnapshot(last_name=who.last_name, first_name=who.first_name, patronymic=who.patronymic),
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
