"""Statements of the lists of appeals: who may see what, what stands in a folder, in which order, page by page.

Phases are written into the statements: a bound parameter could not prove that a partial index holds the rows
(ADR 0005).
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, time, timedelta, tzinfo
from typing import Any

from sqlalchemy import (
    ColumnElement,
    Row,
    Select,
    and_,
    false,
    func,
    literal,
    or_,
    select,
)

from hotline.errors import BadInput
from hotline.journal import identifiers, tails
from hotline.journal.list_pages import APPEALS, Source, known, phone_of
from hotline.journal.listing import NEWEST, DueFilter, Filters, FolderDef, Order, Relation, Scope, Sort
from hotline.journal.model import OPEN_PHASES, AppealRow, Colour, Phase
from hotline.journal.names import Names
from hotline.journal.personquery import after as beyond
from hotline.journal.question import last_digits
from hotline.journal.tables import AppealCallRow, AppealRecord, AppealWorkerRow, is_open
from hotline.journal.visibility import appeals as visible
from hotline.journal.visibility import unrestricted, waits_for
from hotline.staff.model import Right, User
from hotline.staff.rules import fold
from hotline.staff.sight import Reach

Moment = datetime | ColumnElement[datetime]
"""The moment of asking, or what stands for it in a statement."""
SOON = timedelta(days=3)
"""A deadline is near from the first reminder on (domain 2.5)."""


def colour(phase: Phase, due_at: datetime, now: datetime) -> Colour:
    """Return the colour of a row (S000-06): closed black, deadline passed red, current green."""
    if phase not in OPEN_PHASES:
        return Colour.BLACK
    return Colour.RED if now > due_at else Colour.GREEN


def members(
    folder: FolderDef, user: User, now: Moment, scope: Scope, *, by_id: bool = True
) -> list[ColumnElement[bool]]:
    """Return what makes an appeal stand in a folder of ``user``. Administrators' folders hold everybody's (S000-73).

    :param by_id: the list is read in the order of registration.
    """
    found = [*_related(folder, user, scope, by_id=by_id), *_of_phases(folder.phases)]
    if folder.overdue:
        found.append(AppealRecord.due_at < now)
    return found


def all_work(folder: FolderDef, user: User, scope: Scope) -> bool:
    """Tell whether the folder holds all that its reader has ever worked with: tens of thousands after some years.

    Such a list is ordered and narrowed in the index of his work (``list_pages.WORK``), and no appeal is read that is
    not shown.
    """
    return _by_work(folder, user, scope) and not folder.phases and not folder.overdue


def worked_by(user: User) -> list[ColumnElement[bool]]:
    """Return the same of ``list_pages.WORK``: what ``user`` has worked with, but for the deleted ones."""
    deleted = literal(Phase.DELETED.value, literal_execute=True)
    return [AppealWorkerRow.user_id == user.id, AppealWorkerRow.phase.is_distinct_from(deleted)]


def own_open(folder: FolderDef, user: User, order: Order, filters: Filters, q: str) -> bool:
    """Tell whether the list is of its reader's open appeals in an order that only the index's leaves have.

    Some hundreds are sorted there, and only those of the page are read.
    """
    inside = order.by in {Sort.RECEIVED, Sort.APPLICANT, Sort.TOPIC, Sort.STATUS}
    return of_one_owner(folder, user) and folder.open_only and inside and not filters.any and not q


def of_one_owner(folder: FolderDef, user: User) -> bool:
    """Tell whether the folder holds appeals of its reader only."""
    return folder.relation is Relation.OWNER and not user.may(Right.APPEAL_VIEW_ALL)


def counted(folder: FolderDef, user: User, now: Moment, scope: Scope) -> Select[int]:
    """Return one row for each appeal in a folder."""
    one = select(literal(1).label("one"))
    if _by_work(folder, user, scope) and _alive(folder.phases) and not folder.overdue:
        return one.select_from(AppealWorkerRow).where(AppealWorkerRow.user_id == user.id, _worked_in(folder.phases))
    if all_work(folder, user, scope):
        return one.select_from(AppealWorkerRow).where(*worked_by(user))
    return one.select_from(AppealRecord).where(*members(folder, user, now, scope))


def scattered(folder: FolderDef, user: User, scope: Scope) -> bool:
    """Tell whether the folder holds open appeals of many employees, by whatever they came to it."""
    of_all = user.may(Right.APPEAL_VIEW_ALL) or (folder.relation is Relation.SCOPE and scope is not Scope.OWN)
    return folder.open_only and of_all


def narrowed(filters: Filters, now: Moment, zone: tzinfo, source: Source = APPEALS) -> list[ColumnElement[bool]]:
    """Return the conditions of filters. Days are those of ``zone``.

    :param source: what the list is read from.
    """
    of = source.columns
    found: list[ColumnElement[bool]] = []
    if filters.received_from is not None:
        found.append(of.appeal_at >= datetime.combine(filters.received_from, time(), zone))
    if filters.received_to is not None:
        found.append(of.appeal_at < datetime.combine(filters.received_to, time(), zone) + timedelta(days=1))
    equal = (
        (of.type_code, filters.type),
        (of.topic_code, filters.topic),
        (of.channel_code, filters.channel),
        (of.status_code, filters.status),
        (of.responsible_org_id, filters.organisation),
        (of.owner_id, filters.owner),
    )
    found += [column == value for column, value in equal if value is not None]
    if filters.due is not None:
        found.append(is_open() if source is APPEALS else _worked_in(OPEN_PHASES))
    if filters.due is DueFilter.OVERDUE:
        found.append(of.due_at < now)
    elif filters.due is DueFilter.SOON:
        found += [of.due_at >= now, of.due_at < now + SOON]
    if filters.calls is not None:
        linked = select(AppealCallRow.appeal_id).where(AppealCallRow.appeal_id == source.id).exists()
        found.append(linked if filters.calls else ~linked)
    return found


def matching(q: str, user: User) -> list[ColumnElement[bool]]:
    """Return the conditions of a list's own search: a number, a telephone, the last digits of either, the applicant.

    A restricted appeal is found only by what ``user`` may see of it: finding by a name tells whose it is.
    """
    wanted = q.strip()[:200]
    if not wanted:
        return []
    if any(letter.isdigit() for letter in wanted):
        phone = identifiers.phone(wanted) if wanted[0] in "+78(9" else None
        starts = (AppealRecord.number >= wanted) & (AppealRecord.number < beyond(wanted))
        found: list[ColumnElement[bool]] = [starts]
        callable_ = unrestricted(user, contacts=True)
        if phone is not None:
            found.append(and_(phone_of(AppealRecord) == phone, *callable_))
        if digits := last_digits(wanted):
            found += [tails.numbers(digits), and_(tails.phones(digits), *callable_)]
        return [or_(*found)]
    key = fold(wanted)
    return [AppealRecord.applicant_key >= key, AppealRecord.applicant_key < beyond(key), *unrestricted(user)]


def appeal_row(row: Row[Any], now: datetime, names: Names) -> AppealRow:
    """Read a row of :func:`titled`."""
    phase = Phase(row.phase)
    return AppealRow(
        id=row.id,
        number=row.number,
        appeal_at=row.appeal_at,
        due_at=row.due_at,
        phase=phase,
        status=names.statuses[row.status_code],
        colour=colour(phase, row.due_at, now),
        type=names.types[row.type_code],
        topic=names.topics[row.topic_code],
        channel=names.channels[row.channel_code],
        applicant=row.applicant_name,
        phone=row.phone or "",
        owner=names.people[row.owner_id],
        version=row.version,
        organisation=names.organisations[row.responsible_org_id],
        restricted=row.restricted,
    )


def _by_work(folder: FolderDef, user: User, scope: Scope) -> bool:
    """Tell whether the folder holds what its reader has worked with, and nothing else."""
    own = folder.relation is Relation.WORKED or (folder.relation is Relation.SCOPE and scope is Scope.OWN)
    return own and not user.may(Right.APPEAL_VIEW_ALL) and user.sight.appeals is not Reach.NONE


def _alive(phases: Sequence[Phase]) -> bool:
    """Tell whether work of these phases is in the small index of who works with what."""
    return bool(phases) and not {Phase.CLOSED, Phase.CANCELLED} & set(phases)


def _worked_in(phases: Sequence[Phase]) -> ColumnElement[bool]:
    return AppealWorkerRow.phase.in_([literal(phase.value, literal_execute=True) for phase in phases])


def _worked(user: User, phases: Sequence[Phase], *, by_id: bool = True) -> ColumnElement[bool]:
    ids = select(AppealWorkerRow.appeal_id).where(AppealWorkerRow.user_id == user.id)
    if _alive(phases):
        # Few of the many that he has worked with.
        few = func.array(ids.where(_worked_in(phases)).scalar_subquery())
        return AppealRecord.id == func.any(few)
    # In the order of ids the index of who worked with what is walked; in any other the planner would rather walk all
    # appeals in that order, so his own are fetched first.
    return AppealRecord.id.in_(ids) if by_id else AppealRecord.id == func.any(func.array(ids.scalar_subquery()))


def _related(folder: FolderDef, user: User, scope: Scope, *, by_id: bool) -> list[ColumnElement[bool]]:
    own_organisation = AppealRecord.responsible_org_id == user.organisation.id
    if user.sight.appeals is Reach.NONE:
        return [false()]
    if user.may(Right.APPEAL_VIEW_ALL):
        return [] if user.sight.appeals is Reach.ALL else [own_organisation]
    if folder.relation is Relation.SCOPE and scope is Scope.ACTIVE:
        limit = visible(user)
        return [] if limit is None else [limit]
    if folder.relation is Relation.SCOPE and scope is Scope.ORGANISATION:
        return [own_organisation]
    return [
        {
            Relation.SCOPE: _worked(user, folder.phases, by_id=by_id),
            Relation.WORKED: _worked(user, folder.phases, by_id=by_id),
            Relation.OWNER: AppealRecord.owner_id == user.id,
            Relation.TARGET: waits_for(user),
        }[folder.relation]
    ]


def _of_phases(phases: Sequence[Phase]) -> list[ColumnElement[bool]]:
    wanted = set(phases)
    if not wanted:
        return [AppealRecord.phase != literal(Phase.DELETED.value, literal_execute=True)]
    if wanted == set(OPEN_PHASES):
        return [is_open()]
    if wanted in ({Phase.INCOMING}, {Phase.REWORK}):  # these have partial indexes of their own
        return [_phase(*phases)]
    if wanted < set(OPEN_PHASES):
        # The planner believes that being open and being in a phase have nothing to do with each other. Of "open and in
        # these" it expects far too few, and sorts them all; of "open and not in the others" it expects enough.
        return [is_open(), ~_phase(*(phase for phase in OPEN_PHASES if phase not in wanted))]
    return [_phase(*phases)]


def _phase(*phases: Phase) -> ColumnElement[bool]:
    if len(phases) == 1:
        return AppealRecord.phase == literal(phases[0].value, literal_execute=True)
    return AppealRecord.phase.in_([literal(phase.value, literal_execute=True) for phase in phases])


def check_order(folder: FolderDef, user: User, filters: Filters, order: Order) -> None:
    """Refuse an order for which the list is too long.

    :raises BadInput: narrow the list first.
    """
    if order.by not in folder.orders(user, filters):
        raise BadInput(
            "this list is too long for that order", error_id="order-needs-filter", details={"order": "narrow the list"}
        )


def effective_order(folder: FolderDef, user: User, filters: Filters, order: Order) -> Order:
    """Return the order that a list really has: within a period "newest first" goes by the time of receipt.

    The index of that time finds the period at once; by ids PostgreSQL would walk the years between.
    """
    if order.by not in folder.orders(user, filters):
        order = folder.order if folder.order.by in folder.orders(user, filters) else NEWEST
    period = filters.received_from is not None or filters.received_to is not None
    if period and order.by is Sort.REGISTERED and not folder.bounded(user, Filters()):
        return Order(Sort.RECEIVED, order.descending)
    return order


def count_of(statement: Select[int], limit: int) -> Any:
    """Return a scalar that counts the rows of ``statement``, at most ``limit``."""
    return select(func.count()).select_from(statement.limit(known(limit)).subquery()).scalar_subquery()
