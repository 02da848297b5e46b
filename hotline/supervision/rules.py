"""The one door of a supervisor's session: what happened in, the session after it out. Pure (docs/states.md)."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import datetime

from hotline.errors import Conflict
from hotline.supervision.model import HEARD, ON, Ended, Session, Spell, Stage, Telling, Wish


@dataclass(frozen=True, slots=True)
class On:
    """His channel takes part so."""

    stage: Stage


@dataclass(frozen=True, slots=True)
class Again:
    """He goes back from a talk of three: his telephone is called anew, by another channel."""

    wish: Wish
    channel: str


@dataclass(frozen=True, slots=True)
class Over:
    """It has ended."""

    why: Ended


Happening = On | Again | Over


class IllegalSupervision(Conflict):
    """The session's stage does not allow this."""

    default_id = "illegal-supervision"


def step(session: Session, event: Happening, now: datetime) -> Session:
    """Return the session after ``event``.

    :raises IllegalSupervision: what is over stays over, and nobody goes from a talk of three to listening by a switch.
    """
    if session.stage is Stage.OVER:
        raise IllegalSupervision("this is over", details={"stage": session.stage.value})
    match event:
        case Over(why):
            return replace(session, stage=Stage.OVER, spells=_closed(session, now), ended_at=now, ended=why)
        case Again(wish, channel):
            if session.stage is not Stage.BARGE or wish not in {Wish.LISTEN, Wish.WHISPER}:
                raise IllegalSupervision("only from a talk of three", details={"stage": session.stage.value})
            spells = _closed(session, now)
            return replace(session, stage=Stage.RINGING, wish=wish, channel=channel, spells=spells)
        case On(stage):
            if stage not in ON or (session.stage is Stage.BARGE and stage is not Stage.BARGE):
                raise IllegalSupervision(f"not to {stage}", details={"stage": session.stage.value})
            if stage is session.stage:
                return session
            return replace(session, stage=stage, spells=(*_closed(session, now), Spell(stage, now)))


def _closed(session: Session, now: datetime) -> tuple[Spell, ...]:
    if not session.spells or session.spells[-1].ended_at is not None:
        return session.spells
    last = session.spells[-1]
    return (*session.spells[:-1], replace(last, ended_at=max(now, last.started_at)))


def is_told(session: Session, telling: Telling) -> bool:
    """Tell whether the operator is to be shown that the supervisor takes part."""
    if session.stage not in ON or telling is Telling.NEVER:
        return False
    return telling is Telling.ALWAYS or session.stage in HEARD
