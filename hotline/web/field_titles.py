"""The fields of a card in the words of the card, for the history of an appeal (S000-79)."""

from __future__ import annotations

from hotline.web.i18n import gettext, mark

_PERSON = {
    "person_id": mark("Dossier"),
    "last_name": mark("Surname"),
    "first_name": mark("Name"),
    "patronymic": mark("Patronymic"),
    "birth_date": mark("Birth date"),
    "phone": mark("Telephone"),
    "enp": mark("Policy number (unified)"),
    "snils": mark("Insurance number (SNILS)"),
    "policy": mark("Old policy"),
    "address": mark("Address"),
    "email": mark("E-mail"),
}
_ROLES = {"applicant": mark("Applicant"), "insured": mark("Insured person concerned")}
_FIELDS = {
    "type": mark("Type"),
    "topic": mark("Topic"),
    "channel": mark("Channel"),
    "source": mark("Source"),
    "source_org": mark("Organisation it came from"),
    "source_org_id": mark("Organisation it came from"),
    "appeal_at": mark("Date and time of the appeal"),
    "written_no": mark("Number of the letter"),
    "written_date": mark("Date of the letter"),
    "to_head_of_region": mark("Addressed to the highest official of the region"),
    "urgent": mark("Urgent"),
    "anonymous": mark("Anonymous"),
    "same_person": mark("Same as the applicant"),
    "kinship": mark("Kinship"),
    "representative_doc": mark("Document that gives the right to act for the person"),
    "title": mark("Title"),
    "content": mark("Content of the appeal"),
    "measures": mark("Measures taken, answer given"),
    "court_initiator": mark("Who went to court"),
    "complaint_info": mark("What the complaint is about: institution, date, circumstances"),
    "court_decision": mark("Decision of the court"),
    "refund_date": mark("Date of the refund"),
    "refund_sum": mark("Sum of the refund, roubles"),
    "refund_org": mark("Organisation that refunds"),
    "refund_org_id": mark("Organisation that refunds"),
    "justified": mark("Justified"),
}


def field_list(names: str) -> str:
    """Return «applicant_phone, content» in words, each once, people's fields after their person's name.

    A name that no card has (any more) stays as it is.
    """
    plain: dict[str, None] = {}
    people: dict[str, dict[str, None]] = {}
    for name in filter(None, (one.strip() for one in names.split(","))):
        role, _, part = name.partition("_")
        if name not in _FIELDS and role in _ROLES and part in _PERSON:
            people.setdefault(role, {})[gettext(_PERSON[part])] = None
        else:
            plain[gettext(_FIELDS[name]) if name in _FIELDS else name] = None
    told = [f"{gettext(_ROLES[role])}: {', '.join(parts)}" for role, parts in sorted(people.items())]
    return "; ".join([*([", ".join(plain)] if plain else []), *told])
