"""Every outcome of a transfer (S001-016, S001-032, M-03): who has the citizen, the card, the ears, the recording.

Each row is one conversation. Wherever it stands all ears are asked: two who talk hear each other, three hear both
others, who waits hears music, also while the service is dead. ``talk_rules`` says what must come of each move.
"""

from __future__ import annotations

import itertools

import pytest

from tests.calls.talk_rules import LEVEL_2, Do, Move
from tests.calls.talks import Cast, Script, cast

__all__ = ["cast"]
pytestmark = pytest.mark.calls

COLLEAGUE = 2
_numbers = itertools.count(79286660000)

Step = Do | tuple[Do, int]
ROWS: dict[str, list[Step]] = {
    "everything that brings the citizen back, then complete": [
        *(Do.HOLD, Do.KILL, Do.RESUME),
        *((Do.CONSULT, LEVEL_2), Do.REFUSE),
        *((Do.CONSULT, LEVEL_2), Do.IGNORE),
        *((Do.CONSULT, LEVEL_2), Do.CANCEL),
        *((Do.CONSULT, LEVEL_2), Do.ANSWER, Do.CANCEL),
        *((Do.CONSULT, LEVEL_2), Do.ANSWER, Do.COLLEAGUE_BYE),
        *((Do.CONSULT, LEVEL_2), Do.ANSWER, Do.JOIN, Do.CANCEL),
        *((Do.CONSULT, LEVEL_2), Do.ANSWER, Do.JOIN, Do.COLLEAGUE_BYE),
        *((Do.SEND, LEVEL_2), Do.REFUSE, Do.ANSWER),
        *((Do.SEND, LEVEL_2), Do.IGNORE, Do.ANSWER),
        *((Do.CONSULT, LEVEL_2), Do.ANSWER, Do.KILL, Do.COMPLETE),
        Do.HANG_UP,
    ],
    "three, the first leaves": [(Do.CONSULT, LEVEL_2), Do.ANSWER, Do.JOIN, Do.KILL, Do.COMPLETE, Do.BYE],
    "three, the first hangs up": [(Do.CONSULT, LEVEL_2), Do.ANSWER, Do.JOIN, Do.BYE, Do.CITIZEN_BYE],
    "consulting, the first hangs up": [(Do.CONSULT, LEVEL_2), Do.ANSWER, Do.BYE, Do.HANG_UP],
    "consulting, the first is lost": [(Do.CONSULT, LEVEL_2), Do.ANSWER, Do.VANISH, Do.BYE],
    "nobody's, picked up by level 2, who serves no queue": [
        *((Do.CONSULT, LEVEL_2), Do.BYE, Do.PICK_UP, Do.HOLD, Do.RESUME, Do.BYE),
    ],
    "sent, taken, the service dies after a hold": [
        *((Do.SEND, LEVEL_2), Do.ANSWER, Do.HOLD, Do.RESUME, Do.KILL, Do.HOLD, Do.HANG_UP),
    ],
    "sent, the service dies, nobody wants him": [(Do.SEND, LEVEL_2), Do.KILL, Do.REFUSE, Do.ANSWER, Do.BYE],
    "parked, the service dies, refused, taken": [
        *(Do.PARK, Do.KILL, (Do.TAKE_NOT, LEVEL_2), Do.ANSWER),
        *(Do.PARK, (Do.TAKE, LEVEL_2), Do.BYE),
    ],
    "the first hangs up while the colleague rings": [(Do.CONSULT, LEVEL_2), Do.BYE, Do.ANSWER, Do.BYE],
    "the record goes to level 2, may not come back, and is there when the call is": [
        *((Do.CONSULT, LEVEL_2), Do.ANSWER, Do.COMPLETE),
        *((Do.CONSULT, COLLEAGUE), Do.ANSWER, Do.COMPLETE),
        *((Do.CONSULT, LEVEL_2), Do.ANSWER, Do.COMPLETE, Do.WRITE, Do.BYE),
    ],
    "the citizen leaves while a colleague rings": [(Do.CONSULT, LEVEL_2), Do.CITIZEN_BYE],
    "the citizen leaves a consultation": [(Do.CONSULT, LEVEL_2), Do.ANSWER, Do.CITIZEN_BYE],
    "the citizen leaves three": [(Do.CONSULT, LEVEL_2), Do.ANSWER, Do.JOIN, Do.CITIZEN_BYE],
    "the citizen leaves when sent": [(Do.SEND, LEVEL_2), Do.CITIZEN_BYE],
    "the citizen leaves when sent back": [(Do.SEND, LEVEL_2), Do.REFUSE, Do.CITIZEN_BYE],
    "the citizen leaves the parking": [Do.PARK, Do.CITIZEN_BYE],
    "the citizen leaves on hold": [Do.HOLD, Do.CITIZEN_BYE],
}


def script(steps: list[Step]) -> Script:
    """Play these moves, whatever comes of them."""
    moves = iter([Move(step) if isinstance(step, Do) else Move(*step) for step in [Do.ANSWER, *steps]])
    return lambda _: next(moves, None)


@pytest.mark.parametrize("name", ROWS)
async def test_outcome(cast: Cast, name: str) -> None:
    await cast.play(name, str(next(_numbers)), script(ROWS[name]))


async def test_recordings(cast: Cast) -> None:
    """After the rows above: one recording each, of at least 99 % of the conversation, with every voice in it."""
    assert cast.played
    await cast.recordings()
