"""The same definitions as ``core`` in SQL: a month of 150,000 calls within a second. Callers hold the transaction.

Written as text: each statement is a handful of aggregates with FILTER over one scan, and reads best as what it is.
Only words of this module are put into the text; everything that a user chooses is bound.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from typing import Any

from sqlalchemy import Select, func, select, text
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.errors import BadInput
from hotline.journal.tables_segment import CallSegmentRow
from hotline.stats.model import ANY, TIMES, Group, Question

Row = dict[str, Any]

_WHO = "CASE WHEN s.kind IN ('consult', 'blind') THEN s.by_id ELSE s.user_id END"
_ENTRY = "s.kind = 'wait' AND NOT s.again"
_ANSWERED = f"{_ENTRY} AND s.result = 'answered'"
_ABANDONED = f"{_ENTRY} AND s.result = 'abandoned'"
_TALKED = "s.kind = 'talk' AND s.direction = 'in'"
_CALLED = "s.kind = 'talk' AND s.direction = 'out'"
_BUSY = "a.state IN ('ringing', 'talking', 'hold', 'wrap_up')"

NOBODY = "-"
"""Key of what has none: a call without an operator, a queue or a topic. No row of the table."""

CALLS: Mapping[str, str] = {
    "entered": "true",
    "out_of_hours": "c.outcome = 'out_of_hours'",
    "voicemail": "c.outcome = 'voicemail'",
    "callback": "c.outcome = 'callback'",
    "abandoned_ivr": "c.outcome = 'abandoned_ivr'",
}
"""Figure → which incoming calls it counts."""

PARTS: Mapping[str, str] = {
    "offered": _ENTRY,
    "answered": _ANSWERED,
    "in_goal": f"{_ANSWERED} AND s.seconds <= {{goal}}",
    "abandoned": f"{_ABANDONED} AND s.seconds > {{short}}",
    "short": f"{_ABANDONED} AND s.seconds <= {{short}}",
    "left": f"{_ENTRY} AND s.result = 'left'",
    "again": "s.kind = 'wait' AND s.again",
    "handled": _TALKED,
    "outgoing": _CALLED,
    "consulted": "s.kind = 'consult'",
    "completed": "s.kind = 'consult' AND s.result = 'done'",
    "joined": "s.kind = 'consult' AND s.result = 'joined'",
    "cancelled": "s.kind = 'consult' AND s.result NOT IN ('done', 'joined')",
    "blind": "s.kind = 'blind'",
    "blind_done": "s.kind = 'blind' AND s.result = 'done'",
    "lost": "s.kind = 'lost'",
    "recovered": "s.kind = 'lost' AND s.result = 'done'",
}
"""Figure → which parts of calls it counts; ``{goal}`` and ``{short}`` are those of the part's queue."""

_WAITS = ("offered", "answered", "in_goal", "abandoned", "short", "left", "again")
_SUMS: Mapping[str, str] = {
    "talk_s": f"sum(s.seconds - s.hold_s) FILTER (WHERE {_TALKED})",
    "hold_s": f"sum(s.hold_s) FILTER (WHERE {_TALKED})",
    "outgoing_s": f"sum(s.seconds) FILTER (WHERE {_CALLED})",
}
_WAITED: Mapping[str, str] = {"wait_s": f"sum(s.seconds) FILTER (WHERE {_ANSWERED})"}
_QUANTILES = "percentile_cont(ARRAY[0.5, 0.95, 1.0]::float8[]) WITHIN GROUP (ORDER BY s.seconds) AS quantiles"
_EPOCH_DAY = date(1970, 1, 1)
_SIZES = {Group.DAY: 86_400, Group.HOUR: 3_600, Group.QUARTER: 900}


@dataclass(frozen=True, slots=True)
class Behind:
    """A call behind a figure. ``operator_id``: who answered, talked or asked in that part of it."""

    key: str
    started_at: datetime
    queue: str | None
    direction: str
    number: str | None
    seconds: float
    operator_id: int | None


@dataclass(frozen=True, slots=True)
class _Words:
    """The words of a statement that depend on the question. ``key`` ``""``: over all."""

    key: str
    where: str
    join: str = ""


async def calls(session: AsyncSession, question: Question) -> list[Row]:
    """Count incoming calls; of each row ``key`` (``None``: over all) and the figures."""
    words = _call_words(question)
    counts = [f"count(*) FILTER (WHERE {where}) AS {name}" for name, where in CALLS.items()]
    return await _run(session, question, words, counts, "call c")


async def entries(session: AsyncSession, question: Question) -> list[Row]:
    """Count waits, and add up how long the answered waited."""
    return await _parts(session, question, _WAITS, _WAITED, "s.kind = 'wait'")


async def quantiles(session: AsyncSession, question: Question) -> list[Row]:
    """Return the median, the 95th percentile and the longest wait of the answered."""
    words = _part_words(question)
    words = replace(words, where=f"{_ANSWERED} AND {words.where}")
    over_all = await _one(session, question, replace(words, key="", join=""), [_QUANTILES], "call_segment s")
    return over_all + await _one(session, question, words, [_QUANTILES], "call_segment s")


async def work(session: AsyncSession, question: Question) -> list[Row]:
    """Count talks and transfers, and add up the talks."""
    names = tuple(name for name in PARTS if name not in _WAITS)
    return await _parts(session, question, names, _SUMS, "s.kind IN ('talk', 'consult', 'blind', 'lost')")


async def states(session: AsyncSession, question: Question, now: datetime) -> list[Row]:
    """Add up operators' states, cut at the period and, when rows are times, where these begin."""
    group = question.group
    which = {"wrap_s": "a.state = 'wrap_up'", "busy_s": _BUSY, "ready_s": "a.state = 'ready'"}
    which["pause_s"] = "a.state = 'pause'"
    wanted = [f"sum(a.seconds) FILTER (WHERE {where}) AS {name}" for name, where in which.items()]
    # A stretch that began more than two days before the period is no work of a shift; the bound lets the index help.
    where = """s.from_at < :end AND s.from_at >= :start - interval '2 days' AND coalesce(s.to_at, :now) > :start
        AND s.state IN ('ready', 'ringing', 'talking', 'hold', 'wrap_up', 'pause')"""
    if question.people is not None:
        where += " AND s.user_id = ANY(:people)"
    base = f"""(SELECT s.user_id, s.state, s.call_key, date_part('epoch', greatest(s.from_at, :start)) AS b,
        date_part('epoch', least(coalesce(s.to_at, :now), :end)) AS e FROM agent_state_log s WHERE {where})"""
    key, join = _state_words(question)
    pieces = f"({_cut(question, base)}) a"
    of_queue = "c.queue = :queue" if question.queue is not None else "true"
    words = _Words(key, of_queue, join)
    if question.queue is None and group not in {Group.QUEUE, Group.TOPIC}:
        return await _run(session, question, words, wanted, pieces, now=now)
    # A queue and a topic have conversations, but nobody is ready or on a break for them alone.
    words = replace(words, where=f"{which['wrap_s']} AND {of_queue}")
    rows = await _run(session, question, words, wanted[:1], pieces, now=now)
    if question.queue is not None:
        return rows
    over_all = await _one(session, question, _Words("", "true"), wanted, pieces, now=now)
    return over_all + [row for row in rows if row["key"] is not None]


def _cut(question: Question, base: str) -> str:
    """Return what makes pieces of stretches: most lie within one row of a table of times and stay as they are."""
    if question.group not in TIMES:
        return f"SELECT p.*, p.b AS at, p.e - p.b AS seconds FROM {base} p"
    offset = _offset(question)
    size = _SIZES[question.group] if offset is not None else 900
    first, last = (f"floor(({at} + {offset or 0}) / {size})::bigint" for at in ("p.b", "(p.e - 0.000001)"))
    begin = f"(g * {size} - {offset or 0})"
    return f"""SELECT p.*, p.b AS at, p.e - p.b AS seconds FROM {base} p WHERE {first} = {last}
        UNION ALL SELECT p.*, greatest(p.b, {begin}), least(p.e, {begin} + {size}) - greatest(p.b, {begin})
        FROM {base} p, LATERAL generate_series({first}, {last}) g WHERE {first} <> {last}"""


def next_queue(after: str) -> Select[str | None]:
    """Return what asks for the first queue after a name: an index has it, however many calls there are."""
    return select(func.min(CallSegmentRow.queue)).where(CallSegmentRow.queue > after)


async def behind(session: AsyncSession, question: Question, figure: str, key: str | None, limit: int) -> list[Behind]:
    """Return the calls that ``figure`` of the row ``key`` counts, oldest first; ``None``: of the row over all.

    :raises KeyError: there is no such figure.
    """
    if figure in CALLS:
        words, which, order = _call_words(question), CALLS[figure], "c.started_at, c.id"
        wanted = "c.started_at AS started_at, c.queue AS queue, c.talk_s AS seconds, c.operator_id AS operator_id"
        source = "call c {join}"
    else:
        words, which, order = _part_words(question), PARTS[figure], "s.started_at, s.id"
        wanted = f"s.started_at AS started_at, s.queue AS queue, s.seconds AS seconds, {_WHO} AS operator_id"
        source = "call_segment s JOIN call c ON c.id = s.call_id {join}"
    statement = f"""SELECT c.key AS key, c.direction AS direction, {wanted},
        CASE WHEN c.direction = 'in' THEN coalesce(c.from_e164, c.from_raw) ELSE c.dialled END AS number
        FROM {source} WHERE {words.where} AND ({which})"""
    statement = _with_goals(statement.replace("{join}", words.join), question)
    if key is not None:
        statement += f" AND {words.key} = :key"
    chosen = {} if key is None else {"key": _number(question.group, key)}
    values = _values(question) | {"limit": limit} | chosen
    found = await session.execute(_bound(f"{statement} ORDER BY {order} LIMIT :limit", values))
    return [Behind(**row) for row in found.mappings()]


async def _parts(
    session: AsyncSession, question: Question, names: tuple[str, ...], sums: Mapping[str, str], kinds: str
) -> list[Row]:
    words = _part_words(question)
    words = replace(words, where=f"{kinds} AND {words.where}")
    wanted = [f"count(*) FILTER (WHERE {PARTS[name]}) AS {name}" for name in names]
    wanted += [f"{how} AS {name}" for name, how in sums.items()]
    return await _run(session, question, words, wanted, "call_segment s")


async def _run(
    session: AsyncSession, question: Question, words: _Words, wanted: list[str], source: str, **more: object
) -> list[Row]:
    """Run a statement by key, and add the row over all: the sum of the others, unless a topic may count twice."""
    rows = await _one(session, question, words, wanted, source, **more)
    if question.group is Group.TOPIC:
        plain = words.join.partition(_TOPICS)[0]
        return [*await _one(session, question, replace(words, key="", join=plain), wanted, source, **more), *rows]
    names = [name for name in rows[0] if name != "key"] if rows else []
    total: Row = {name: sum(row[name] or 0 for row in rows) for name in names}
    return [{"key": None} | total, *(row for row in rows if row["key"] is not NOBODY)]


async def _one(
    session: AsyncSession, question: Question, words: _Words, wanted: list[str], source: str, **more: object
) -> list[Row]:
    """Run a statement. Without a key it is one row, whose key is ``None``; what has no key has :data:`NOBODY`."""
    columns = ", ".join([f"{words.key} AS key", *wanted] if words.key else wanted)
    statement = f"SELECT {columns} FROM {source} {words.join} WHERE {words.where}{' GROUP BY 1' if words.key else ''}"
    statement = _with_goals(statement, question)
    found = (await session.execute(_bound(statement, _values(question) | more))).mappings()
    if not words.key:
        return [{"key": None, **row} for row in found]
    return [dict(row) | {"key": NOBODY if row["key"] is None else _name(question.group, row["key"])} for row in found]


def _bound(statement: str, values: Mapping[str, object]) -> Any:
    return text(statement).bindparams(**{name: value for name, value in values.items() if f":{name}" in statement})


def _values(question: Question) -> dict[str, Any]:
    values: dict[str, Any] = {
        "start": question.start,
        "end": question.end,
        "zone": question.zone.key,
        "queue": question.queue,
        "people": list(question.people or ()),
        "owned": list(question.owned),
        "goal": ANY.answer_s,
        "short": ANY.short_s,
    }
    for place, queue in enumerate(sorted(question.goals)):
        goal = question.goal(queue)
        values |= {f"of_{place}_queue": queue, f"of_{place}_goal": goal.answer_s, f"of_{place}_short": goal.short_s}
    return values


def _with_goals(statement: str, question: Question) -> str:
    for word in ("goal", "short"):
        cases = "".join(f" WHEN :of_{place}_queue THEN :of_{place}_{word}" for place in range(len(question.goals)))
        number = f"CASE s.queue{cases} ELSE :{word} END" if cases else f":{word}"
        statement = statement.replace(f"{{{word}}}", number)
    return statement


def _offset(question: Question) -> int | None:
    """Return the zone's seconds from UTC, if it keeps them for the whole period: sums of whole numbers are fast."""
    days = (question.end - question.start).days + 2
    offsets = {(question.start + timedelta(days=day)).astimezone(question.zone).utcoffset() for day in range(days)}
    offset = offsets.pop() if len(offsets) == 1 else None
    return int(offset.total_seconds()) if offset is not None else None


def _time(question: Question, epoch: str) -> str:
    """Return the key of a moment (seconds since 1970) as a whole number; :func:`_name` writes it out."""
    group, offset = question.group, _offset(question)
    if offset is not None:
        number = f"floor(({epoch} + {offset}) / {_SIZES[group]})::bigint"
        return number if group is Group.DAY else f"({number} % {86_400 // _SIZES[group]})"
    local = f"(to_timestamp({epoch}) AT TIME ZONE CAST(:zone AS text))"
    if group is Group.DAY:
        return f"({local}::date - date '1970-01-01')"
    hour, minute = (f"date_part('{part}', {local})::int" for part in ("hour", "minute"))
    return hour if group is Group.HOUR else f"({hour} * 4 + {minute} / 15)"


def _name(group: Group, key: int | str) -> str:
    if group not in TIMES:
        return str(key)
    number = int(key)
    if group is Group.DAY:
        return (_EPOCH_DAY + timedelta(days=number)).isoformat()
    return f"{number:02}" if group is Group.HOUR else f"{number // 4:02}:{number % 4 * 15:02}"


def _number(group: Group, key: str) -> int | str:
    """Return the key as the statement has it.

    :raises BadInput: no row has such a key.
    """
    try:
        if group is Group.DAY:
            return (date.fromisoformat(key) - _EPOCH_DAY).days
        if group is Group.QUARTER:
            hour, _, minute = key.partition(":")
            return int(hour) * 4 + int(minute) // 15
        return int(key) if group in {Group.HOUR, Group.OPERATOR} else key
    except ValueError as error:
        raise BadInput("there is no such row", details={"key": "unknown"}) from error


_TOPICS = """JOIN (SELECT DISTINCT k.id, k.key, t.topic_code COLLATE "C" AS code FROM call k
    JOIN call_appeal ca ON ca.call_key = k.key JOIN appeal t ON t.id = ca.appeal_id
    WHERE k.started_at >= :start - interval '2 days' AND k.started_at < :end) topic ON topic."""
"""Calls with the topics of their appeals; its parts begin after a call does."""


def _call_words(question: Question) -> _Words:
    where = "c.direction = 'in' AND c.ended_at IS NOT NULL AND c.started_at >= :start AND c.started_at < :end"
    if question.people is not None:
        where += " AND (c.operator_id = ANY(:people) OR (c.operator_id IS NULL AND c.queue = ANY(:owned)))"
    if question.queue is not None:
        where += " AND c.queue = :queue"
    keys = {Group.QUEUE: 'c.queue COLLATE "C"', Group.OPERATOR: "c.operator_id", Group.TOPIC: "topic.code"}
    key = keys.get(question.group) or _time(question, "date_part('epoch', c.started_at)")
    return _Words(key, where, f"{_TOPICS}id = c.id" if question.group is Group.TOPIC else "")


def _part_words(question: Question) -> _Words:
    where = "s.direction <> 'internal' AND s.started_at >= :start AND s.started_at < :end"
    if question.people is not None:
        where += f" AND ({_WHO} = ANY(:people) OR ({_WHO} IS NULL AND s.queue = ANY(:owned)))"
    if question.queue is not None:
        where += " AND s.queue = :queue"
    keys = {Group.QUEUE: 's.queue COLLATE "C"', Group.OPERATOR: f"({_WHO})", Group.TOPIC: "topic.code"}
    key = keys.get(question.group) or _time(question, "date_part('epoch', s.started_at)")
    return _Words(key, where, f"{_TOPICS}id = s.call_id" if question.group is Group.TOPIC else "")


def _state_words(question: Question) -> tuple[str, str]:
    by_queue = question.queue is not None or question.group is Group.QUEUE
    join = "LEFT JOIN call c ON c.key = a.call_key " if by_queue else ""
    if question.group is Group.OPERATOR:
        return "a.user_id", join
    if question.group is Group.QUEUE:
        return 'c.queue COLLATE "C"', join
    if question.group is Group.TOPIC:
        return "topic.code", f"{join}{_TOPICS}key = a.call_key"
    return _time(question, "a.at"), join
