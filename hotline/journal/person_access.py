"""The one door through which personal data of the register reach a reader: here they can be masked (domain 2.8, 3.4).

Every read of a person in the journal ends in one of these functions: search results, matches of a calling number,
suggestions, dossiers. Who may see whom and what is a matter of rights, not of the callers.
"""

from __future__ import annotations

from hotline.journal import masking
from hotline.journal.dossier_model import Dossier
from hotline.journal.model import PersonRow
from hotline.staff.model import User


def shown(user: User | None, person: PersonRow, *, contacts: bool = True) -> PersonRow:
    """Return a person of a list as ``user`` may see him; ``None`` is the program itself.

    :param contacts: no appeal of the person's keeps his telephones and addresses from ``user`` (S003-110).
    """
    return masking.person(user, person, contacts=contacts)


def shown_dossier(user: User, dossier: Dossier, *, contacts: bool = True) -> Dossier:
    """Return a dossier as ``user`` may see it.

    :param contacts: no appeal of the person's keeps his telephones and addresses from ``user`` (S003-110).
    """
    return masking.dossier(user, dossier, contacts=contacts)
