"""The board as browsers know it (docs/internals.md, "Push"; docs/board.md): names of fields, moments in ISO 8601."""

from __future__ import annotations

from typing import Any

from hotline.board.figures import STEP, Goal, Tally
from hotline.board.live import LiveBoard
from hotline.board.model import Changes, QueueFigures, Scope
from hotline.board.operators import OperatorLine
from hotline.web.push_messages import at


def operator_row(line: OperatorLine) -> dict[str, Any]:
    """Return an operator's line. Nothing of the citizen but the last digits of his number."""
    return {
        "id": line.user_id,
        "name": line.name,
        "extension": line.extension,
        "organisation": line.organisation,
        "roles": line.roles,
        "state": line.state,
        "since": at(line.since),
        "reason": line.reason,
        "near_at": at(line.near_at),
        "limit_at": at(line.limit_at),
        "over": line.over,
        "queues": line.queues,
        "penalty": line.penalty,
        "call_key": line.call_key,
        "call_queue": line.call_queue,
        "direction": line.direction,
        "party": line.party,
        "mos": line.mos,
        "verdict": line.verdict,
        "alarm": line.alarm,
        "applied": line.applied,
    }


def queue_row(one: QueueFigures) -> dict[str, Any]:
    """Return a queue's line."""
    return {
        "queue": one.queue,
        "title": one.title or one.queue,
        "waiting": one.line.waiting,
        "oldest_at": at(one.line.oldest_at),
        "ready": one.ready,
        "at_work": one.at_work,
        "goal": goal_data(one.goal),
        "today": tally_data(one.today),
    }


def goal_data(goal: Goal) -> dict[str, int]:
    """Return what a queue aims at: per cent, seconds."""
    return {"percent": goal.percent, "within_s": goal.within_s, "short_s": goal.short_s}


def tally_data(one: Tally) -> dict[str, Any]:
    """Return sums with what is derived from them; seconds and per cent to one place."""
    return {
        "offered": one.offered,
        "answered": one.answered,
        "lost": one.lost,
        "messages": one.messages,
        "in_time": one.in_time,
        "decided": one.decided,
        "service_level": _one_place(one.service_level),
        "lost_percent": _one_place(one.lost_percent),
        "wait_mean_s": _one_place(one.mean_wait_s),
        "wait_max_s": round(one.wait_max_s, 1),
    }


def _one_place(value: float | None) -> float | None:
    return None if value is None else round(value, 1)


def slot_data(one: Tally) -> dict[str, Any]:
    """Return what a chart draws of a quarter of an hour."""
    whole = tally_data(one)
    return {name: whole[name] for name in ("offered", "answered", "lost", "service_level", "wait_mean_s", "wait_max_s")}


def picture(live: LiveBoard, scope: Scope) -> dict[str, Any]:
    """Return the whole board of a scope."""
    return {
        "day": {
            "start": at(live.day.start),
            "end": at(live.day.end),
            "step_s": int(STEP.total_seconds()),
        },
        "queues": [queue_row(one) for one in live.queues(scope)],
        "operators": [operator_row(one) for one in live.operators(scope)],
        "slots": {
            queue: {str(index): slot_data(one) for index, one in slots.items()}
            for queue, slots in live.slots(scope).items()
        },
    }


def changes_data(changes: Changes, scope: Scope, live: LiveBoard) -> dict[str, Any] | None:
    """Return what changed for a scope, whole rows; ``None``: nothing."""
    queues = [queue_row(one) for one in changes.queues if scope.covers(one.organisation_id)]
    operators = [operator_row(one) for one in changes.operators if scope.covers(one.organisation_id)]
    gone = [one.user_id for one in changes.gone if scope.covers(one.organisation_id)]
    slots: dict[str, dict[str, Any]] = {}
    for queue, index, one in changes.slots:
        if scope.covers(live.owner(queue)):
            slots.setdefault(queue, {})[str(index)] = slot_data(one)
    if not (queues or operators or gone or slots):
        return None
    return {"queues": queues, "operators": operators, "gone": gone, "slots": slots}


def wall(live: LiveBoard, scope: Scope) -> dict[str, Any]:
    """Return what a big screen shows: figures of the queues and how many operators are in which state. No person."""
    states: dict[str, int] = {}
    over = 0
    for line in live.operators(scope):
        states[line.state] = states.get(line.state, 0) + 1
        over += line.over
    return {"queues": [queue_row(one) for one in live.queues(scope)], "states": states, "over": over}
