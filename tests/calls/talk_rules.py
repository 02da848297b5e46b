"""What may happen to a conversation, and what must come of it. Pure: the tests play it on the real thing.

People are places in a cast: 0 and 2 are level 1 and serve the queue, 1 is level 2 and is reached by his number.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from enum import StrEnum

ROLES = ("op1", "op2", "op1")
LEVEL_2 = ROLES.index("op2")
IN_QUEUE = tuple(who for who, role in enumerate(ROLES) if role == "op1")
CARD_GOES = {("op1", "op2")}
"""The record follows a transfer from and to these roles (S000-46); the matrix of the profile knows no more of ours."""


class At(StrEnum):
    """Where the citizen is."""

    RINGING = "the queue rings somebody"
    TALK = "talk"
    HELD = "hold"
    ASKED = "a colleague is rung for a consultation"
    CONSULT = "consultation"
    THREE = "three talk"
    SENT = "sent to a colleague, who is rung"
    BACK = "rung back"
    PARKED = "parked"
    LOST = "operator lost"
    OVER = "over"


class Do(StrEnum):
    """What somebody does."""

    ANSWER = "answer"
    REFUSE = "refuse"
    IGNORE = "do not answer"
    HOLD = "hold"
    RESUME = "resume"
    WRITE = "write"
    CONSULT = "consult"
    JOIN = "join"
    COMPLETE = "complete"
    CANCEL = "cancel"
    SEND = "blind transfer"
    PARK = "park"
    PICK_UP = "level 2 picks it up"
    TAKE = "take"
    TAKE_NOT = "take and refuse"
    BLINK = "lose the socket"
    VANISH = "browser killed"
    COLLEAGUE_VANISHES = "the colleague's browser killed"
    RETURN = "come back"
    STAY_AWAY = "stay away"
    KILL = "service killed and started"
    BYE = "the operator's telephone hangs up"
    HANG_UP = "the operator ends the call"
    COLLEAGUE_BYE = "the colleague's telephone hangs up"
    CITIZEN_BYE = "the citizen hangs up"


@dataclass(frozen=True)
class Move:
    """``whom``: the colleague, where the deed needs one."""

    do: Do
    whom: int | None = None

    def __str__(self) -> str:
        return self.do.value if self.whom is None else f"{self.do.value} {self.whom}"


@dataclass(frozen=True)
class Talk:
    """A conversation. ``owner`` has (or had last) the citizen, ``other`` is rung or helps, ``card`` has the record.

    ``other`` ``None`` while the queue rings: nobody knows yet whom it chooses.
    """

    at: At = At.RINGING
    owner: int | None = None
    other: int | None = None
    card: int | None = None
    by_citizen: bool = False
    """Who ended it."""


_ANYWHERE = (Do.KILL, Do.CITIZEN_BYE)
_WITH_HIM = (Do.CONSULT, Do.SEND, Do.PARK, Do.VANISH, Do.HANG_UP, *_ANYWHERE)
DEEDS: dict[At, tuple[Do, ...]] = {
    At.RINGING: (Do.ANSWER, Do.REFUSE, Do.PICK_UP, *_ANYWHERE),
    At.TALK: (Do.HOLD, Do.WRITE, Do.BLINK, Do.BYE, *_WITH_HIM),
    At.HELD: (Do.RESUME, Do.BLINK, *_WITH_HIM),
    At.ASKED: (Do.ANSWER, Do.REFUSE, Do.IGNORE, Do.CANCEL, Do.BYE, *_ANYWHERE),
    At.CONSULT: (Do.COMPLETE, Do.CANCEL, Do.JOIN, Do.COLLEAGUE_BYE, Do.BYE, Do.VANISH, *_ANYWHERE),
    At.THREE: (Do.COMPLETE, Do.CANCEL, Do.COLLEAGUE_BYE, Do.BYE, Do.COLLEAGUE_VANISHES, *_ANYWHERE),
    At.SENT: (Do.ANSWER, Do.REFUSE, Do.IGNORE, *_ANYWHERE),
    At.BACK: (Do.ANSWER, Do.REFUSE, Do.CITIZEN_BYE),
    At.PARKED: (Do.TAKE, Do.TAKE_NOT, *_ANYWHERE),
    At.LOST: (Do.RETURN, Do.STAY_AWAY, Do.CITIZEN_BYE),
    At.OVER: (),
}
"""What can be done where."""

_PLAIN: dict[tuple[At, Do], At] = {
    (At.TALK, Do.HOLD): At.HELD,
    (At.HELD, Do.RESUME): At.TALK,
    (At.TALK, Do.WRITE): At.TALK,
    (At.TALK, Do.BLINK): At.TALK,
    (At.HELD, Do.BLINK): At.HELD,
    (At.TALK, Do.PARK): At.PARKED,
    (At.HELD, Do.PARK): At.PARKED,
    (At.TALK, Do.VANISH): At.LOST,
    (At.HELD, Do.VANISH): At.LOST,
    (At.CONSULT, Do.JOIN): At.THREE,
}
_ASKS = {Do.CONSULT: At.ASKED, Do.SEND: At.SENT}
_COLLEAGUE_GONE = (Do.REFUSE, Do.IGNORE, Do.CANCEL, Do.COLLEAGUE_BYE, Do.COLLEAGUE_VANISHES)
_OWNER_GONE = (Do.COMPLETE, Do.BYE, Do.VANISH)


def moves(talk: Talk) -> list[Move]:
    """Return everything that can be done now."""
    found = []
    for deed in DEEDS[talk.at]:
        if deed in _ASKS:
            found += [Move(deed, whom) for whom in range(len(ROLES)) if whom != talk.owner]
        elif deed is Do.TAKE:
            found += [Move(deed, whom) for whom in range(len(ROLES))]
        elif deed is Do.TAKE_NOT:
            found += [Move(deed, whom) for whom in range(len(ROLES)) if whom != talk.owner]
        elif deed is not Do.WRITE or talk.card == talk.owner:
            found.append(Move(deed))
    return found


def after(talk: Talk, move: Move) -> Talk:
    """Return what must come of it."""
    at, do = talk.at, move.do
    if do in {Do.CITIZEN_BYE, Do.HANG_UP} or (at, do) == (At.TALK, Do.BYE):
        return replace(talk, at=At.OVER, other=None, by_citizen=do is Do.CITIZEN_BYE)
    if (at, do) in _PLAIN:
        return replace(talk, at=_PLAIN[at, do])
    if do in _ASKS:
        return replace(talk, at=_ASKS[do], other=move.whom)
    if do is Do.PICK_UP:
        return _answered(replace(talk, other=LEVEL_2))
    if do in {Do.TAKE_NOT, Do.RETURN}:
        return replace(talk, at=At.BACK, other=talk.owner)
    return _given(talk, move.whom) if do is Do.TAKE else _reacted(talk, do)


def _reacted(talk: Talk, do: Do) -> Talk:
    if do is Do.KILL:
        return _service_gone(talk)
    return _answered(talk) if do is Do.ANSWER else _somebody_gone(talk, do)


def _answered(talk: Talk) -> Talk:
    match talk.at:
        case At.RINGING:  # whom the queue gives him gets the card, whatever the matrix says
            inherits = talk.owner is None or talk.card == talk.owner
            card = talk.other if inherits else talk.card
            return replace(talk, at=At.TALK, owner=talk.other, other=None, card=card)
        case At.ASKED:
            return replace(talk, at=At.CONSULT)
        case At.SENT:
            return _given(talk, talk.other)
        case _:
            return replace(talk, at=At.TALK, other=None)


def _given(talk: Talk, to: int | None) -> Talk:
    """Somebody else has the citizen now, as the one before wished."""
    assert talk.owner is not None
    assert to is not None
    goes = talk.card == talk.owner and (ROLES[talk.owner], ROLES[to]) in CARD_GOES
    return replace(talk, at=At.TALK, owner=to, other=None, card=to if goes else talk.card)


def _service_gone(talk: Talk) -> Talk:
    """What rings, rings over a connection that is gone; whoever talks goes on talking."""
    match talk.at:
        case At.RINGING:
            return replace(talk, other=None)
        case At.ASKED:
            return replace(talk, at=At.TALK, other=None)
        case At.SENT:
            return replace(talk, at=At.BACK, other=talk.owner)
        case _:
            return talk


def _somebody_gone(talk: Talk, do: Do) -> Talk:
    queue = replace(talk, at=At.RINGING, other=None)
    if talk.at in {At.RINGING, At.BACK, At.LOST} or (talk.at, do) == (At.ASKED, Do.BYE):
        return queue
    if talk.at is At.SENT:
        return replace(talk, at=At.BACK, other=talk.owner)
    if do in _COLLEAGUE_GONE:
        return replace(talk, at=At.TALK, other=None)
    assert do in _OWNER_GONE, f"{do} at {talk.at}"
    return _given(talk, talk.other)
