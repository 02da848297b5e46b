"""The same definitions as ``core`` in SQL: a month of 150,000 calls within a second. Callers hold the transaction.

Written as text: each statement is a handful of aggregates with FILTER over one scan, and reads best as what it is.
Only words of this module are put into the text; everything that a user chooses is bound.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncSession

from hotline.stats.model import ANY, TIMES, Group, Question

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
_QUANTILES: Mapping[str, str] = {
    "wait_s": f"sum(s.seconds) FILTER (WHERE {_ANSWERED})",
    "wait_max": f"max(s.seconds) FILTER (WHERE {_ANSWERED})",
    "quantiles": (
        f"percentile_cont(ARRAY[0.5, 0.95]::float8[]) WITHIN GROUP (ORDER BY s.seconds) FILTER (WHERE {_ANSWERED})"
    ),
}


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
class _Parts:
    """The words of a statement that depend on the question."""

    key: str
    where: str
    join: str = ""


async def calls(session: AsyncSession, question: Question) -> list[dict[str, Any]]:
    """Count incoming calls; of each row ``key`` (``None``: over all) and the figures."""
    words = _call_words(question)
    counts = ", ".join(f"count(*) FILTER (WHERE {where}) AS {name}" for name, where in CALLS.items())
    return await _run(session, question, words, f"SELECT {{key}} AS key, {counts} FROM call c {{join}}")


async def entries(session: AsyncSession, question: Question) -> list[dict[str, Any]]:
    """Count waits, and add up how long the answered waited."""
    return await _parts(session, question, _WAITS, _QUANTILES, "s.kind = 'wait'")


async def work(session: AsyncSession, question: Question) -> list[dict[str, Any]]:
    """Count talks and transfers, and add up the talks."""
    names = tuple(name for name in PARTS if name not in _WAITS)
    return await _parts(session, question, names, _SUMS, "s.kind IN ('talk', 'consult', 'blind', 'lost')")


async def states(session: AsyncSession, question: Question, now: datetime) -> list[dict[str, Any]]:
    """Add up operators' states, cut at the period and, when rows are times, at the quarters of the hour."""
    group = question.group
    sums = {
        "wrap_s": "a.state = 'wrap_up'",
        "busy_s": _BUSY,
        "ready_s": "a.state = 'ready'",
        "pause_s": "a.state = 'pause'",
    }
    wanted = ", ".join(f"sum(p.seconds) FILTER (WHERE {where}) AS {name}" for name, where in sums.items())
    begin, end = "greatest(a.from_at, :start)", "least(coalesce(a.to_at, :now), :end)"
    pieces = f"(SELECT {begin} AS at, extract(epoch FROM {end} - {begin})::float8 AS seconds)"
    if group in TIMES:
        pieces = f"""(SELECT q AS at,
            extract(epoch FROM least(q + interval '15 min', {end}) - greatest(q, {begin}))::float8 AS seconds
            FROM generate_series(date_bin('15 min', {begin}, timestamptz '2000-01-01 00:00+00'),
                 {end} - interval '1 microsecond', interval '15 min') AS q)"""
    key, join = _state_key(question)
    # A stretch that began more than two days before the period is no work of a shift; the bound lets the index help.
    where = """a.from_at < :end AND a.from_at >= :start - interval '2 days' AND coalesce(a.to_at, :now) > :start
        AND a.state IN ('ready', 'ringing', 'talking', 'hold', 'wrap_up', 'pause')"""
    if question.people is not None:
        where += " AND a.user_id = ANY(:people)"
    if question.queue is not None:
        where += " AND c.queue = :queue"
    words = _Parts(f"coalesce({key}, '{NOBODY}')", where, join)
    rows = await _run(
        session,
        question,
        words,
        f"SELECT {{key}} AS key, {wanted} FROM agent_state_log a {{join}}, LATERAL {pieces} p",
        now=now,
    )
    # A queue and a topic have conversations, but nobody is ready or on a break for them alone.
    if question.queue is not None:
        return [{"key": row["key"], "wrap_s": row["wrap_s"]} for row in rows]
    if group in {Group.QUEUE, Group.TOPIC}:
        return [row if row["key"] is None else {"key": row["key"], "wrap_s": row["wrap_s"]} for row in rows]
    return rows


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
    values = _values(question) | {"limit": limit} | ({"key": key} if key is not None else {})
    found = await session.execute(_bound(f"{statement} ORDER BY {order} LIMIT :limit", values))
    return [Behind(**row) for row in found.mappings()]


async def _parts(
    session: AsyncSession, question: Question, names: tuple[str, ...], sums: Mapping[str, str], kinds: str
) -> list[dict[str, Any]]:
    words = _part_words(question)
    words = _Parts(words.key, f"{kinds} AND {words.where}", words.join)
    wanted = [f"count(*) FILTER (WHERE {PARTS[name]}) AS {name}" for name in names]
    wanted += [f"{how} AS {name}" for name, how in sums.items()]
    head = f"SELECT {{key}} AS key, {', '.join(wanted)} FROM call_segment s {{join}}"
    return await _run(session, question, words, _with_goals(head, question))


async def _run(
    session: AsyncSession, question: Question, words: _Parts, head: str, **more: object
) -> list[dict[str, Any]]:
    """Run a statement twice in one: over all, and by key. Topics multiply rows, so their total is its own statement."""
    values = _values(question) | more
    if not words.join or question.group is not Group.TOPIC:
        statement = f"{head} WHERE {words.where} GROUP BY GROUPING SETS ((), (1))"
        statement = statement.replace("{key}", words.key).replace("{join}", words.join)
        return [dict(row) for row in (await session.execute(_bound(statement, values))).mappings()]
    by_key = f"{head} WHERE {words.where} GROUP BY 1".replace("{key}", words.key).replace("{join}", words.join)
    plain = words.join.partition("/* topics */")[0]
    over_all = f"{head} WHERE {words.where}".replace("{key}", "NULL::text").replace("{join}", plain)
    return [dict(row) for one in (over_all, by_key) for row in (await session.execute(_bound(one, values))).mappings()]


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


def _time(group: Group, moment: str) -> str:
    local = f"({moment} AT TIME ZONE CAST(:zone AS text))"
    if group is Group.DAY:
        return f"{local}::date::text"
    hour = f"lpad(extract(hour FROM {local})::int::text, 2, '0')"
    if group is Group.HOUR:
        return hour
    return f"{hour} || ':' || lpad((extract(minute FROM {local})::int / 15 * 15)::text, 2, '0')"


_TOPICS = (
    "/* topics */ LEFT JOIN LATERAL (SELECT DISTINCT t.topic_code FROM call_appeal ca JOIN appeal t"
    " ON t.id = ca.appeal_id WHERE ca.call_key = {key}) topic ON true"
)


def _call_words(question: Question) -> _Parts:
    where = "c.direction = 'in' AND c.ended_at IS NOT NULL AND c.started_at >= :start AND c.started_at < :end"
    if question.people is not None:
        where += " AND (c.operator_id = ANY(:people) OR (c.operator_id IS NULL AND c.queue = ANY(:owned)))"
    if question.queue is not None:
        where += " AND c.queue = :queue"
    keys = {Group.QUEUE: "c.queue", Group.OPERATOR: "c.operator_id::text", Group.TOPIC: "topic.topic_code"}
    key = keys.get(question.group) or _time(question.group, "c.started_at")
    return _Parts(
        f"coalesce({key}, '{NOBODY}')",
        where,
        _TOPICS.replace("{key}", "c.key") if question.group is Group.TOPIC else "",
    )


def _part_words(question: Question) -> _Parts:
    where = "s.direction <> 'internal' AND s.started_at >= :start AND s.started_at < :end"
    if question.people is not None:
        where += f" AND ({_WHO} = ANY(:people) OR ({_WHO} IS NULL AND s.queue = ANY(:owned)))"
    if question.queue is not None:
        where += " AND s.queue = :queue"
    keys = {Group.QUEUE: "s.queue", Group.OPERATOR: f"({_WHO})::text", Group.TOPIC: "topic.topic_code"}
    key = keys.get(question.group) or _time(question.group, "s.started_at")
    call_key = "(SELECT k.key FROM call k WHERE k.id = s.call_id)"
    return _Parts(
        f"coalesce({key}, '{NOBODY}')",
        where,
        _TOPICS.replace("{key}", call_key) if question.group is Group.TOPIC else "",
    )


def _state_key(question: Question) -> tuple[str, str]:
    join = " LEFT JOIN call c ON c.key = a.call_key" if question.queue or question.group is Group.QUEUE else ""
    if question.group is Group.OPERATOR:
        return "a.user_id::text", join
    if question.group is Group.QUEUE:
        return "c.queue", join
    if question.group is Group.TOPIC:
        return "topic.topic_code", join + " " + _TOPICS.replace("{key}", "a.call_key")
    return _time(question.group, "p.at"), join
