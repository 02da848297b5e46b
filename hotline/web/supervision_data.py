"""How supervision looks to browsers."""

from __future__ import annotations

from typing import Any

from hotline.staff.model import User
from hotline.supervision.help import HelpRequest
from hotline.supervision.messages import Message
from hotline.supervision.model import RIGHT, Session
from hotline.web.push_messages import at


def session_data(session: Session, user: User, operator: User | None, problem: str = "") -> dict[str, Any]:
    """Return a supervisor's own session."""
    return {
        "id": session.id,
        "stage": session.stage,
        "wish": session.wish,
        "ended": session.ended,
        "problem": problem,
        "operator": {
            "id": session.operator_id,
            "name": operator.short_name if operator is not None else "",
            "extension": session.operator,
        },
        "call_key": session.call_key,
        "since": at(session.started_at),
        "modes": [wish for wish, right in RIGHT.items() if user.may(right)],
    }


def told_data(session: Session | None, by: User | None) -> dict[str, Any] | None:
    """Return what an operator is told of who takes part in his conversation."""
    if session is None:
        return None
    return {"stage": session.stage, "by": by.short_name if by is not None else "", "call_key": session.call_key}


def message_data(one: Message) -> dict[str, Any]:
    """Return a message to its reader."""
    return {"id": one.id, "at": at(one.at), "by": one.by, "kind": one.kind, "text": one.text}


def help_data(one: HelpRequest, reader: User) -> dict[str, Any]:
    """Return a request for help."""
    return {
        "id": one.id,
        "at": at(one.at),
        "user_id": one.user_id,
        "by": one.by,
        "extension": one.extension,
        "call_key": one.call_key,
        "taken_by": one.taken_by,
        "mine": one.taken_by_id == reader.id,
    }
