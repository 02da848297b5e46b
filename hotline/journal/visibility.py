"""What a user may see, as conditions of SQL: the one place that turns :class:`hotline.staff.sight.Sight` into them.

Lists, cards, persons, calls, recordings, dossiers, searches and exports all ask here (domain 2.8); ``None`` means no
limit. Anonymous conditions on columns, so that each query keeps its own joins.
"""

from __future__ import annotations

from sqlalchemy import ColumnElement, Select, and_, false, literal, or_, select

from hotline.journal.restriction import Restriction
from hotline.journal.tables import AppealRecord, AppealWorkerRow, is_open
from hotline.journal.tables_call import CallLegRow, CallRecord
from hotline.journal.tables_classifier import TopicRow
from hotline.journal.tables_person import PersonRow
from hotline.staff.model import Right, User
from hotline.staff.sight import Reach
from hotline.staff.tables import UserRow


def appeals(user: User) -> ColumnElement[bool] | None:
    """Return which appeals ``user`` may open, if only their heading; what a list shows of them: ``listing.Scope``."""
    reach = max(user.sight.appeals, user.sight.headings, key=list(Reach).index)
    if reach is Reach.ALL:
        return None
    limits = _reached(user, reach)
    return or_(limits, is_open()) if reach is Reach.ACTIVE else limits


def content(user: User) -> ColumnElement[bool] | None:
    """Return of which appeals ``user`` may read more than the heading: people, text, answer, files.

    A restricted topic is for those who work with the appeal and for holders of ``appeal.view_restricted``; so is a
    restricted appeal (``journal.restriction``).
    """
    reach = user.sight.content
    parts = [] if reach is Reach.ALL else [_reached(user, reach)]
    if not user.may(Right.APPEAL_VIEW_RESTRICTED):
        open_topics = select(TopicRow.code).where(~TopicRow.restricted)
        parts.append(or_(AppealRecord.topic_code.in_(open_topics), works_with(user)))
    parts += unrestricted(user)
    return and_(*parts) if parts else None


def unrestricted(user: User, *, contacts: bool = False) -> list[ColumnElement[bool]]:
    """Return which appeals no restriction keeps from ``user``: ``restriction.sees_content`` in SQL; ``[]`` for all.

    :param contacts: nor their telephones and addresses (``restriction.sees_contacts``).
    """
    if user.may(Right.APPEAL_RESTRICT):
        return []
    free = [Restriction.NONE]
    if not contacts or user.may(Right.APPEAL_VIEW_RESTRICTED) or user.may(Right.APPEAL_EDIT_ANY):
        free.append(Restriction.CONTACTS)
    if user.may(Right.APPEAL_VIEW_RESTRICTED):
        free.append(Restriction.PROFILE)
    return [
        or_(AppealRecord.restricted.in_([literal(one.value, literal_execute=True) for one in free]), works_with(user))
    ]


def persons(user: User) -> ColumnElement[bool] | None:
    """Return whom a search by a part of the name may find: an insurer's people see their own insured only."""
    if user.sight.persons is Reach.ALL or user.may(Right.PERSON_SEARCH_ALL):
        return None
    if user.sight.persons is Reach.NONE:
        return false()
    return PersonRow.insurer_id == user.organisation.id


def dossiers(user: User) -> ColumnElement[bool] | None:
    """Return whose dossier ``user`` may open by its id: whom he may find, and who stands in an appeal he may read."""
    limits = persons(user)
    if limits is None:
        return None
    readable = content(user)
    named = select(AppealRecord.id).where(
        or_(AppealRecord.applicant_id == PersonRow.id, AppealRecord.insured_id == PersonRow.id),
        *([] if readable is None else [readable]),
    )
    return or_(limits, named.correlate(PersonRow).exists())


def calls(user: User) -> ColumnElement[bool] | None:
    """Return whose calls ``user`` may see.

    Operators see calls that they talked in or were rung for. Further than that sees only who may monitor or listen.
    """
    own = or_(
        CallRecord.operator_id == user.id,
        CallRecord.id.in_(select(CallLegRow.call_id).where(CallLegRow.user_id == user.id)),
    )
    reach = user.sight.calls
    if reach is Reach.NONE:
        return false()
    if reach is Reach.OWN or not (user.may(Right.CALL_MONITOR) or user.may(Right.CALL_LISTEN_ANY)):
        return own
    if reach.covers(Reach.ACTIVE):
        return None
    return or_(own, CallRecord.operator_id.in_(_colleagues(user)))


def hears_operator(user: User) -> ColumnElement[bool] | None:
    """Return whose operators' conversations ``user`` may listen to, on the row of the operator; ``None`` for all."""
    if user.sight.calls.covers(Reach.ACTIVE):
        return None
    if user.sight.calls.covers(Reach.ORGANISATION):
        return UserRow.organisation_id == user.organisation.id
    return false()


def waits_for(user: User) -> ColumnElement[bool]:
    """Return the condition that an appeal was forwarded to ``user`` or to a group of his (S000-07, domain 2.4)."""
    return or_(
        AppealRecord.forwarded_to_id == user.id,
        and_(
            AppealRecord.forwarded_org_id == user.organisation.id,
            AppealRecord.forwarded_role.in_(sorted(user.roles)),
        ),
    )


def _reached(user: User, reach: Reach) -> ColumnElement[bool]:
    if reach is Reach.NONE:
        return false()
    if not reach.covers(Reach.ORGANISATION):
        return works_with(user)
    return or_(
        AppealRecord.responsible_org_id == user.organisation.id,
        AppealRecord.organisation_id == user.organisation.id,
        AppealRecord.forwarded_org_id == user.organisation.id,
        AppealRecord.forwarded_to_id.in_(_colleagues(user)),
        works_with(user),
    )


def works_with(user: User) -> ColumnElement[bool]:
    """Return the condition that ``user`` works or has worked with an appeal, or that it waits for him."""
    return or_(
        AppealRecord.owner_id == user.id,
        waits_for(user),
        _worked(user),
    )


def _worked(user: User) -> ColumnElement[bool]:
    # Looked up for each row that nothing else lets through. Of IN and EXISTS the planner makes a table of all that he
    # has ever worked with, at every statement: years of appeals for the sake of nine rows.
    return (
        select(AppealWorkerRow.user_id)
        .where(AppealWorkerRow.appeal_id == AppealRecord.id, AppealWorkerRow.user_id == user.id)
        .correlate(AppealRecord)
        .scalar_subquery()
        .is_not(None)
    )


def _colleagues(user: User) -> Select[int]:
    return select(UserRow.id).where(UserRow.organisation_id == user.organisation.id)
