"""Statements that are asked all day, kept as texts by what they were made from.

Building a page's statement and finding its text in SQLAlchemy's cache takes ten times as long as PostgreSQL takes to
answer. The text depends on nothing but its key, so a key must hold everything that the statement was made from: its
reader with all his rights, the folder, the order. What differs from one question to the next is put in late.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import BindParameter, DateTime, Row, Select, bindparam
from sqlalchemy.ext.asyncio import AsyncSession
from sqlalchemy.types import TypeEngine

KEPT = 4000
"""Texts that are kept, those asked last; some 3 KB each, equal ones are one."""
_LATE = "late_"


def late(name: str, type_: TypeEngine[Any] | None = None) -> BindParameter[Any]:
    """Return what stands in a statement for a value that is given when it is asked.

    :param type_: ``None``: that of the column which it is compared with.
    """
    return bindparam(f"{_LATE}{name}", None, type_=type_)


NOW: BindParameter[datetime] = late("now", DateTime(timezone=True))
"""Stands in a statement for the moment at which it is asked."""


@dataclass(frozen=True, slots=True)
class _Text:
    sql: str
    values: tuple[Any, ...]
    late: tuple[tuple[int, str], ...]
    """Which of the values are given when it is asked, and their names."""

    def at(self, given: Mapping[str, Any]) -> tuple[Any, ...]:
        if not self.late:
            return self.values
        values = list(self.values)
        for place, name in self.late:
            values[place] = given[name]
        return tuple(values)


class Ready:
    """Texts by key, the last :data:`KEPT` of them."""

    def __init__(self) -> None:
        self._texts: OrderedDict[Hashable, _Text] = OrderedDict()
        self._same: dict[str, str] = {}

    async def rows(
        self, session: AsyncSession, key: Hashable, make: Callable[[], Select[Any]], given: Mapping[str, Any]
    ) -> Sequence[Row[Any]]:
        """Return the rows of the statement of ``key``.

        :param make: makes it when it is asked for the first time, with :func:`late` for what ``given`` holds.
        """
        text = self._texts.get(key)
        if text is None:
            text = self._texts[key] = self._compiled(session, make())
            if len(self._texts) > KEPT:
                self._texts.popitem(last=False)
        else:
            self._texts.move_to_end(key)
        connection = await session.connection()
        return (await connection.exec_driver_sql(text.sql, text.at(given))).all()

    def _compiled(self, session: AsyncSession, statement: Select[Any]) -> _Text:
        compiled = statement.compile(dialect=session.get_bind().dialect, compile_kwargs={"render_postcompile": True})
        parameters: Mapping[str, Any] = compiled.params
        names = compiled.positiontup or ()
        if len(self._same) > KEPT:
            self._same.clear()
        return _Text(
            self._same.setdefault(compiled.string, compiled.string),
            tuple(parameters[name] for name in names),
            tuple((place, name.removeprefix(_LATE)) for place, name in enumerate(names) if name.startswith(_LATE)),
        )
