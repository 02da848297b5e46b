"""A property: whatever operators, citizens, browsers and the service do, one thing comes of it (issue 3).

One call in the journal, one owner, one card with its text intact, one recording of at least 99 % of the conversation,
no channel left, nobody stuck, and the citizen is never hung up on. The moves are drawn from a seed, which a failure
names. ``HOTLINE_TALKS=50 HOTLINE_TALKS_SEED=7`` in the environment of pytest plays 50 of them, seeds 7 to 56.
"""

from __future__ import annotations

import os
import random

import pytest

from tests.calls.talk_rules import At, Do, Move, Talk, after, moves
from tests.calls.talks import Cast, Script, cast

__all__ = ["cast"]
pytestmark = pytest.mark.calls

COUNT = int(os.environ.get("HOTLINE_TALKS", "6"))
FIRST = int(os.environ.get("HOTLINE_TALKS_SEED", "1"))
MOVES = 7
"""Moves before somebody says goodbye; a few more until the conversation stands where it can end."""
ENDS = (Do.CITIZEN_BYE, Do.HANG_UP, Do.BYE)
RARE = {Do.CITIZEN_BYE: 0.15, Do.HANG_UP: 0.15, Do.BYE: 0.3, Do.IGNORE: 0.3, Do.STAY_AWAY: 0.5}
OFTEN = {Do.ANSWER: 4.0, Do.KILL: 0.5, Do.TAKE: 0.7, Do.PICK_UP: 0.7, Do.JOIN: 2.0}


def weight(move: Move) -> float:
    """How often a move is drawn among others. Ends and what takes long are rarer."""
    return (RARE | OFTEN).get(move.do, 1.0)


def drawn(seed: int) -> Script:
    """Return a script that draws its moves. What the queue chooses is not in it: the same seed may ring another."""
    chance = random.Random(seed)
    played = 0

    def script(talk: Talk) -> Move | None:
        nonlocal played
        played += 1
        if talk.at is At.OVER:
            return None
        possible = moves(talk)
        if played > MOVES:
            possible = [move for move in possible if move.do in {*ENDS, Do.ANSWER}] or possible
        return chance.choices(possible, [weight(move) for move in possible])[0]

    return script


@pytest.mark.parametrize("seed", range(FIRST, FIRST + COUNT))
async def test_a_random_conversation(cast: Cast, seed: int) -> None:
    await cast.play(f"seed {seed}", f"7928{7_000_000 + seed}", drawn(seed))


async def test_their_recordings(cast: Cast) -> None:
    assert len(cast.played) == COUNT
    await cast.recordings()


def test_every_move_is_drawn_and_every_place_reached() -> None:
    """The rules have no dead end, and the draw leaves nothing out."""
    done, reached = set(), set()
    for seed in range(3000):
        script, talk = drawn(seed), Talk(other=0)
        while (move := script(talk)) is not None:
            done.add(move.do)
            reached.add(talk.at)
            talk = after(talk, move)
            if talk.at is At.RINGING and talk.other is None:
                talk = Talk(talk.at, talk.owner, 2 if talk.owner == 0 else 0, talk.card)
    assert done == set(Do)
    assert reached == set(At) - {At.OVER}
