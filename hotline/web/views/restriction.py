"""Restricting an appeal when the citizen asks for it (S003-110): beside its page, with what is wrong in place."""

from __future__ import annotations

from typing import Any

from hotline.errors import HotlineError
from hotline.journal.model import Appeal
from hotline.journal.restriction import Restriction, choices
from hotline.staff.model import User
from hotline.web.failures import details_of, text_of
from hotline.web.i18n import gettext, mark
from hotline.web.titles import restriction_title

_CHOICES = {
    Restriction.NONE: mark("sees it as any other appeal"),
    Restriction.CONTACTS: mark("sees no telephones and addresses"),
    Restriction.PROFILE: mark("reads the heading only, unless holding the right to see restricted appeals"),
    Restriction.OPERATOR: mark("reads the heading only"),
}


def restrictions_of_new(user: User) -> list[tuple[str, str]]:
    """Return how far the author of a new card may keep it from others, in words; nothing when he may not at all."""
    found = choices(user, Restriction.NONE, owner=True, own_restriction=False)
    return [(str(one), gettext(_CHOICES[one])) for one in (Restriction.NONE, *found)] if found else []


def restriction_view(
    appeal: Appeal, sent: dict[str, str] | None = None, error: HotlineError | None = None
) -> dict[str, Any]:
    """Return what the page says of the restriction of an appeal; with what was typed when that was refused."""
    typed = sent or {}
    return {
        "level": appeal.restricted,
        "title": restriction_title(appeal.restricted),
        "choices": [(one, gettext(_CHOICES[Restriction(one)])) for one in appeal.restrictions],
        "typed": {name: typed.get(name, "") for name in ("restriction", "reason")},
        "problem": text_of(error) if error is not None else "",
        "errors": {"reason": details_of(error).get("reason", "") if error is not None else ""},
    }
