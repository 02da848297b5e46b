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
from hotline.journal.rating_model import DETRACTOR, LOW, PROMOTER, SATISFIED
from hotline.journal.tables_segment import CallSegmentRow
from hotline.stats.model import ANY, TIMES, Group, Question

Row = dict[str, Any]

_WHO = "CASE WHEN s.kind IN ('consult', 'blind') THEN s.by_id ELSE s.user_id END"
_ENTRY = "s.kind = 'wait' AND NOT s.again"
_ANSWERED = f"{_ENTRY} AND s.result = 'answered'"
_ABANDONED = f"{_ENTRY} AND s.result = 'abandoned'"
_TALKED = "s.kind = 'talk' AND s.direction = 'in'"
_CALLED = "s.kind = 'talk' AND s.direction = 'out'"

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

RATINGS: Mapping[str, str] = {
    "asked": "true",
    "rated": "r.score IS NOT NULL",
    "low": f"r.score <= {LOW}",
    "satisfied": f"r.score >= {SATISFIED}",
    "recommended": "r.recommends IS NOT NULL",
    "promoters": f"r.recommends >= {PROMOTER}",
    "detractors": f"r.recommends <= {DETRACTOR}",
}
"""Figure → which answers of citizens it counts; they belong to their call."""
_RATED = "call c JOIN call_rating r ON r.call_key = c.key"
_ASKED_THEN = " AND r.asked_at >= :start - interval '1 hour' AND r.asked_at < :end + interval '1 day'"
"""Who is asked is asked at the end of his call; the bound lets the index help, clocks may differ a little."""

_SUMS: Mapping[str, str] = {
    "wait_s": f"sum(s.seconds) FILTER (WHERE {_ANSWERED})",
    "talk_s": f"sum(s.seconds - s.hold_s) FILTER (WHERE {_TALKED})",
    "hold_s": f"sum(s.hold_s) FILTER (WHERE {_TALKED})",
    "outgoing_s": f"sum(s.seconds) FILTER (WHERE {_CALLED})",
}
_QUANTILES = "percentile_cont(ARRAY[0.5, 0.95, 1.0]::float8[]) WITHIN GROUP (ORDER BY s.seconds) AS quantiles"
_EPOCH_DAY = date(1970, 1, 1)
_SUMS_OF_STATE: Mapping[str, tuple[str, ...]] = {
    "wrap_up": ("wrap_s", "busy_s"),
    "ringing": ("busy_s",),
    "talking": ("busy_s",),
    "hold": ("busy_s",),
    "ready": ("ready_s",),
    "pause": ("pause_s",),
}
"""State → the sums to which its seconds belong."""
_SIZES = {Group.DAY: 86_400, Group.HOUR: 3_600, Group.QUARTER: 900}


@dataclass(frozen=True, slots=True)
class Behind:
    """A call behind a figure. ``operator_id``: who answered, talked or asked in that part of it.

    :ivar row_id: of the call, or of the part of it that is counted; with ``started_at`` its place in the list.
    """

    row_id: int
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


async def ratings(session: AsyncSession, question: Question) -> list[Row]:
    """Count what citizens said when they were asked after an incoming call how it was."""
    words = _call_words(question)
    wanted = [f"count(*) FILTER (WHERE {which}) AS {name}" for name, which in RATINGS.items()]
    wanted.append("coalesce(sum(r.score), 0) AS score_sum")
    return await _run(session, question, replace(words, where=words.where + _ASKED_THEN), wanted, _RATED)


async def parts(session: AsyncSession, question: Question) -> list[Row]:
    """Count waits, talks and transfers, and add up how long the answered waited and the talks took, in one pass."""
    wanted = [f"count(*) FILTER (WHERE {which}) AS {name}" for name, which in PARTS.items()]
    wanted += [f"{how} AS {name}" for name, how in _SUMS.items()]
    return await _run(session, question, _part_words(question), wanted, "call_segment s")


async def quantiles(session: AsyncSession, question: Question) -> list[Row]:
    """Return the median, the 95th percentile and the longest wait of the answered."""
    words = _part_words(question)
    words = replace(words, where=f"{_ANSWERED} AND {words.where}")
    over_all = await _one(session, question, replace(words, key="", join=""), [_QUANTILES], "call_segment s")
    return over_all + await _one(session, question, words, [_QUANTILES], "call_segment s")


async def states(session: AsyncSession, question: Question, now: datetime) -> list[Row]:
    """Add up operators' states, cut at the period and, when rows are times, where these begin."""
    # A queue and a topic have conversations, but nobody is ready or on a break for them alone.
    of_calls = question.queue is not None or question.group in {Group.QUEUE, Group.TOPIC}
    if question.group in TIMES:
        return await _stretches(session, question, _times(question, only_wrap=of_calls), now, only_wrap=of_calls)
    of_queue = "JOIN call c ON c.key = a.call_key AND c.queue = :queue" if question.queue is not None else ""
    key, join = _state_key(question, of_queue)
    base = _base(question, only_wrap=of_calls)
    mine = f"SELECT {key} AS key, a.state, sum(a.e - a.b) AS seconds FROM ({base}) a {join} GROUP BY 1, 2"
    rows = await _stretches(session, question, mine, now, only_wrap=of_calls)
    if question.group is Group.OPERATOR or (question.queue is not None and question.group is Group.QUEUE):
        return rows
    base = _base(question, only_wrap=question.queue is not None)
    everything = f"SELECT 0 AS key, a.state, sum(a.e - a.b) AS seconds FROM ({base}) a {of_queue} GROUP BY 2"
    over_all = await _stretches(session, question, everything, now, only_wrap=question.queue is not None)
    return over_all[:1] + rows[1:]


async def _stretches(
    session: AsyncSession, question: Question, statement: str, now: datetime, *, only_wrap: bool = False
) -> list[Row]:
    """Run what gives (key, state, seconds); return a row of sums for each key, and before them the one over all."""
    names = {"wrap_s": 0.0} if only_wrap else dict.fromkeys(("wrap_s", "busy_s", "ready_s", "pause_s"), 0.0)
    book: dict[Any, Row] = {}
    total: Row = {"key": None, **names}
    for key, state, seconds in await session.execute(_bound(statement, _values(question) | {"now": now})):
        row = book.setdefault(key, {"key": NOBODY if key is None else _name(question.group, key), **names})
        for name in _SUMS_OF_STATE.get(state, ()):
            if name in names:
                row[name] += seconds
                total[name] += seconds
    return [total, *(row for row in book.values() if row["key"] is not NOBODY)]


def _base(question: Question, *, only_wrap: bool = False) -> str:
    """Return what gives the stretches within the period, ``b`` and ``e`` in seconds after its beginning."""
    # A stretch that began more than two days before the period is no work of a shift; the bound lets the index help.
    where = """s.from_at < :end AND s.from_at >= :start - interval '2 days' AND coalesce(s.to_at, :now) > :start"""
    where += " AND s.state = 'wrap_up'" if only_wrap else ""
    if question.people is not None:
        where += " AND s.user_id = ANY(:people)"
    begin, until = "greatest(s.from_at, :start)", "least(coalesce(s.to_at, :now), :end)"
    return f"""SELECT s.user_id, s.state, s.call_key, date_part('epoch', {begin}) - CAST(:epoch AS float8) AS b,
        date_part('epoch', {until}) - CAST(:epoch AS float8) AS e FROM agent_state_log s WHERE {where}"""


def _times(question: Question, *, only_wrap: bool) -> str:
    """Return what cuts stretches where rows of times begin, in one pass over them.

    All stretches from one slot to another are added up first, wherever they lie in them: of a crowd the pieces in the
    first slot, in the last and in those between follow from how many there are and the sums of both ends.
    """
    offset = _offset(question)
    size = _SIZES[question.group] if offset is not None else 900
    shift = (int(question.start.timestamp()) + (offset or 0)) % size
    first, last = (f"floor(({at} + {shift}) / {size})::int" for at in ("a.b", "(a.e - 0.000001)"))
    of_queue = "JOIN call c ON c.key = a.call_key AND c.queue = :queue" if question.queue is not None else ""
    crowds = f"""SELECT {first} AS first, {last} AS last, a.state, count(*) AS n, sum(a.b) AS b, sum(a.e) AS e
        FROM ({_base(question, only_wrap=only_wrap)}) a {of_queue} GROUP BY 1, 2, 3"""
    begin = f"(slot * {size} - {shift})"
    return f"""SELECT {_time(question, f"({begin} + CAST(:epoch AS float8))")} AS key, state, sum(
            CASE WHEN slot = last THEN e ELSE n * ({begin} + {size}) END
            - CASE WHEN slot = first THEN b ELSE n * {begin} END) AS seconds
        FROM ({crowds}) crowd, LATERAL generate_series(first, last) slot GROUP BY 1, 2"""


def next_queue(after: str) -> Select[str | None]:
    """Return what asks for the first queue after a name: an index has it, however many calls there are."""
    return select(func.min(CallSegmentRow.queue)).where(CallSegmentRow.queue > after)


async def behind(
    session: AsyncSession,
    question: Question,
    figure: str,
    key: str | None,
    limit: int,
    after: tuple[datetime, int] | None = None,
) -> list[Behind]:
    """Return the calls that ``figure`` of the row ``key`` counts, oldest first; ``None``: of the row over all.

    :param after: moment and ``row_id`` of the last one of the page before.
    :raises KeyError: there is no such figure.
    """
    if figure in CALLS or figure in RATINGS:
        words, which, order = _call_words(question), {**CALLS, **RATINGS}[figure], "c.started_at, c.id"
        wanted = "c.started_at AS started_at, c.queue AS queue, c.talk_s AS seconds, c.operator_id AS operator_id"
        source = ("call c" if figure in CALLS else _RATED) + " {join}"
    else:
        words, which, order = _part_words(question), PARTS[figure], "s.started_at, s.id"
        wanted = f"s.started_at AS started_at, s.queue AS queue, s.seconds AS seconds, {_WHO} AS operator_id"
        source = "call_segment s JOIN call c ON c.id = s.call_id {join}"
    statement = f"""SELECT {order.partition(", ")[2]} AS row_id, c.key AS key, c.direction AS direction, {wanted},
        CASE WHEN c.direction = 'in' THEN coalesce(c.from_e164, c.from_raw) ELSE c.dialled END AS number
        FROM {source} WHERE {words.where} AND ({which})"""
    statement = _with_goals(statement.replace("{join}", words.join), question)
    if key is not None:
        statement += f" AND {words.key} = :key"
    chosen: dict[str, object] = {} if key is None else {"key": _number(question.group, key)}
    if after is not None:
        statement += f" AND ({order}) > (:after_at, :after_id)"
        chosen |= {"after_at": after[0], "after_id": after[1]}
    values = _values(question) | {"limit": limit} | chosen
    found = await session.execute(_bound(f"{statement} ORDER BY {order} LIMIT :limit", values))
    return [Behind(**row) for row in found.mappings()]


async def _run(session: AsyncSession, question: Question, words: _Words, wanted: list[str], source: str) -> list[Row]:
    """Run a statement by key, and add the row over all: the sum of the others, unless a topic may count twice."""
    rows = await _one(session, question, words, wanted, source)
    if question.group is Group.TOPIC:
        return [*await _one(session, question, replace(words, key="", join=""), wanted, source), *rows]
    names = [name for name in rows[0] if name != "key"] if rows else []
    total: Row = {name: sum(row[name] or 0 for row in rows) for name in names}
    return [{"key": None} | total, *(row for row in rows if row["key"] is not NOBODY)]


async def _one(session: AsyncSession, question: Question, words: _Words, wanted: list[str], source: str) -> list[Row]:
    """Run a statement. Without a key it is one row, whose key is ``None``; what has no key has :data:`NOBODY`."""
    columns = ", ".join([f"{words.key} AS key", *wanted] if words.key else wanted)
    statement = f"SELECT {columns} FROM {source} {words.join} WHERE {words.where}{' GROUP BY 1' if words.key else ''}"
    statement = _with_goals(statement, question)
    found = (await session.execute(_bound(statement, _values(question)))).mappings()
    if not words.key:
        return [{"key": None, **row} for row in found]
    return [dict(row) | {"key": NOBODY if row["key"] is None else _name(question.group, row["key"])} for row in found]


def _bound(statement: str, values: Mapping[str, object]) -> Any:
    return text(statement).bindparams(**{name: value for name, value in values.items() if f":{name}" in statement})


def _values(question: Question) -> dict[str, Any]:
    values: dict[str, Any] = {
        "start": question.start,
        "end": question.end,
        "epoch": question.start.timestamp(),
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


def _topics(name: str, mine: str) -> str:
    """Return the join of calls, by ``name``, with the topics of their appeals; its parts begin after a call does."""
    return f"""JOIN (SELECT DISTINCT k.{name} AS call, t.topic_code COLLATE "C" AS code FROM call k
        JOIN call_appeal ca ON ca.call_key = k.key JOIN appeal t ON t.id = ca.appeal_id
        WHERE k.started_at >= :start - interval '2 days' AND k.started_at < :end) topic ON topic.call = {mine}"""


def _call_words(question: Question) -> _Words:
    where = "c.direction = 'in' AND c.ended_at IS NOT NULL AND c.started_at >= :start AND c.started_at < :end"
    if question.people is not None:
        where += " AND (c.operator_id = ANY(:people) OR (c.operator_id IS NULL AND c.queue = ANY(:owned)))"
    if question.queue is not None:
        where += " AND c.queue = :queue"
    keys = {Group.QUEUE: 'c.queue COLLATE "C"', Group.OPERATOR: "c.operator_id", Group.TOPIC: "topic.code"}
    key = keys.get(question.group) or _time(question, "date_part('epoch', c.started_at)")
    return _Words(key, where, _topics("id", "c.id") if question.group is Group.TOPIC else "")


def _part_words(question: Question) -> _Words:
    where = "s.direction <> 'internal' AND s.started_at >= :start AND s.started_at < :end"
    if question.people is not None:
        where += f" AND ({_WHO} = ANY(:people) OR ({_WHO} IS NULL AND s.queue = ANY(:owned)))"
    if question.queue is not None:
        where += " AND s.queue = :queue"
    keys = {Group.QUEUE: 's.queue COLLATE "C"', Group.OPERATOR: f"({_WHO})", Group.TOPIC: "topic.code"}
    key = keys.get(question.group) or _time(question, "date_part('epoch', s.started_at)")
    return _Words(key, where, _topics("id", "s.call_id") if question.group is Group.TOPIC else "")


def _state_key(question: Question, of_queue: str) -> tuple[str, str]:
    if question.group is Group.OPERATOR:
        return "a.user_id", of_queue
    if question.group is Group.QUEUE:
        return 'c.queue COLLATE "C"', of_queue or "LEFT JOIN call c ON c.key = a.call_key"
    return "topic.code", f"{of_queue} {_topics('key', 'a.call_key')}"
