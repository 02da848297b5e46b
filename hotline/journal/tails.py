"""Numbers by their last digits, as people read them out: «…4512», «17-06» (domain 3.3). Conditions of SQL.

A number turned round is found by its beginning, in an index of its own. The ids come first, as one array: however many
the planner takes a search for, it never walks a whole list for the few that there are.
"""

from __future__ import annotations

from typing import Any

from sqlalchemy import ColumnElement, SQLColumnExpression, and_, any_, func, literal, or_, select, union_all

from hotline.cti.model import Direction
from hotline.journal.personquery import after as beyond
from hotline.journal.tables import AppealRecord
from hotline.journal.tables_call import CallRecord


def numbers(digits: str) -> ColumnElement[bool]:
    """Return which appeals have a number that ends so."""
    return _among(AppealRecord.id, _ends(AppealRecord.number, digits))


def phones(digits: str) -> ColumnElement[bool]:
    """Return which appeals have an applicant whose telephone number ends so."""
    phone = AppealRecord.applicant_snapshot.op("->>")(literal("phone", literal_execute=True))
    return _among(AppealRecord.id, _ends(phone, digits))


def calls_with(phone: str, digits: str) -> ColumnElement[bool]:
    """Return which calls are from or to a number (E.164), or one that ends so; either may be empty."""
    outgoing = CallRecord.direction == literal(Direction.OUT.value, literal_execute=True)
    found = []
    if phone:
        # The exchange dials without the plus.
        dialled = and_(outgoing, CallRecord.dialled.in_((phone, phone.removeprefix("+"))))
        found += [CallRecord.from_e164 == phone, dialled]
    if digits:
        callers = and_(CallRecord.from_e164.is_not(None), _ends(CallRecord.from_e164, digits))
        found.append(_among(CallRecord.id, callers, and_(outgoing, _ends(CallRecord.dialled, digits))))
    return or_(*found)


def _ends(number: SQLColumnExpression[Any], digits: str) -> ColumnElement[bool]:
    turned = func.reverse(number).collate("C")
    return and_(turned >= digits[::-1], turned < beyond(digits[::-1]))


def _among(key: Any, *conditions: ColumnElement[bool]) -> ColumnElement[bool]:
    parts = [select(key).where(condition) for condition in conditions]
    found = parts[0] if len(parts) == 1 else union_all(*parts)
    ids: ColumnElement[bool] = key == any_(func.array(found.scalar_subquery()))
    return ids
