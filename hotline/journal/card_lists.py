"""The lists that a card is checked against, read in one statement: every save asks for all of them."""

from __future__ import annotations

from datetime import date
from typing import Any

from sqlalchemy import (
    BigInteger,
    ColumnElement,
    Date,
    Select,
    SQLColumnExpression,
    Text,
    bindparam,
    case,
    literal,
    null,
    or_,
    select,
    union_all,
)
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.journal.cardcheck import Lists
from hotline.journal.model import Form
from hotline.journal.tables_classifier import AppealTypeRow, ChannelRow, Choice, KinshipRow, SourceRow, TopicRow

_TODAY = bindparam("today", type_=Date())
_ORGANISATION = bindparam("organisation_id", type_=BigInteger())
_COMPLAINT = "complaint"


def _codes(kind: str, table: type[Choice], hangs_on_it: SQLColumnExpression[Any]) -> Select[*tuple[Any, ...]]:
    """Return the codes of a list that can be chosen today, everybody's and the organisation's own."""
    return select(literal(kind).label("kind"), table.code.label("code"), hangs_on_it.label("extra")).where(
        or_(table.valid_from.is_(None), table.valid_from <= _TODAY),
        or_(table.valid_to.is_(None), table.valid_to > _TODAY),
        or_(table.organisation_id.is_(None), table.organisation_id == _ORGANISATION),
    )


_NOTHING: ColumnElement[Any] = null().cast(Text)
_ALL = union_all(
    _codes("type", AppealTypeRow, case((AppealTypeRow.is_complaint, _COMPLAINT), else_="")),
    _codes("topic", TopicRow, TopicRow.type_code),
    _codes("channel", ChannelRow, ChannelRow.form),
    _codes("source", SourceRow, _NOTHING),
    _codes("kinship", KinshipRow, _NOTHING),
)


async def card_lists(session: AsyncSession, today: date, organisation_id: int) -> Lists:
    """Return what may be chosen on a card on ``today``.

    :param organisation_id: whose own rows to add to everybody's.
    """
    found: dict[str, dict[str, str]] = {"type": {}, "topic": {}, "channel": {}, "source": {}, "kinship": {}}
    connection = await session.connection()
    for kind, code, extra in await connection.execute(_ALL, {"today": today, "organisation_id": organisation_id}):
        found[kind][code] = extra
    return Lists(
        types=frozenset(found["type"]),
        complaints=frozenset(code for code, extra in found["type"].items() if extra == _COMPLAINT),
        topics=found["topic"],
        channels={code: Form(form) for code, form in found["channel"].items()},
        sources=frozenset(found["source"]),
        kinships=frozenset(found["kinship"]),
    )
