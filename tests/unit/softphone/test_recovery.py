"""The rules by which a citizen is looked after whose operator's browser was lost."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from hotline.cti.model import OperatorPart, Standing
from hotline.softphone.recovery import Action, Limits, Loss, Seen, Stage, ghost_ring, look

T0 = datetime(2026, 11, 20, 7, 0, tzinfo=UTC)
LEG = "pbx1-1.7"
WITH_HIM = OperatorPart(Standing.WITH_HIM, leg=LEG)
ALONE = OperatorPart(Standing.ALONE)


def at(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def see(seconds: float, part: OperatorPart = WITH_HIM, packets: int | None = 500, **phone: float) -> Seen:
    times = {name: at(value) for name, value in phone.items()}
    return Seen(at(seconds), part, packets, times.get("connected_at"), times.get("heard_at"))


GRACE = Loss("pbx1-1.1", "101", T0, leg=LEG, packets=500)
FLOWING = Loss("pbx1-1.1", "101", T0, leg=LEG, packets=500, grown_at=at(59))
WAITING = Loss("pbx1-1.1", "101", T0, stage=Stage.WAITING, kept_at=at(7))
CALLING = Loss("pbx1-1.1", "101", T0, stage=Stage.CALLING_BACK, kept_at=at(7))


@pytest.mark.parametrize(
    ("loss", "seen", "stage", "action"),
    [
        pytest.param(GRACE, see(6.9), Stage.GRACE, None, id="silent, the grace is not over"),
        pytest.param(GRACE, see(7), Stage.WAITING, Action.KEEP, id="silent for the whole grace"),
        pytest.param(GRACE, see(7, packets=501), Stage.GRACE, None, id="still heard: our socket died, not he"),
        pytest.param(FLOWING, see(60, packets=900), Stage.GRACE, None, id="heard without a socket for a minute"),
        pytest.param(FLOWING, see(60.5), Stage.GRACE, None, id="a short silence is none"),
        pytest.param(FLOWING, see(66), Stage.WAITING, Action.KEEP, id="silent since 59 s"),
        pytest.param(FLOWING, see(60, connected_at=2), None, None, id="heard and connected: nothing is lost"),
        pytest.param(GRACE, see(7, connected_at=5), Stage.GRACE, None, id="just back: it may take its call itself"),
        pytest.param(GRACE, see(9, connected_at=5), Stage.WAITING, Action.KEEP, id="back, but it did not"),
        pytest.param(GRACE, see(9, packets=None), Stage.GRACE, None, id="nobody knows whether he is heard"),
        pytest.param(GRACE, see(2, ALONE, None), Stage.WAITING, Action.KEEP, id="his channel has ended"),
        pytest.param(GRACE, see(8, OperatorPart(Standing.ELSEWHERE)), None, None, id="the call is over"),
        pytest.param(
            GRACE, see(8, OperatorPart(Standing.WITH_HIM, LEG, others=True)), None, Action.DROP, id="one of three"
        ),
        pytest.param(
            GRACE,
            see(8, OperatorPart(Standing.WITH_HIM, LEG, main=False)),
            None,
            Action.DROP,
            id="the one who is asked",
        ),
        pytest.param(WAITING, see(20, ALONE, None), Stage.WAITING, None, id="the citizen waits"),
        pytest.param(WAITING, see(30, ALONE, None), None, Action.REQUEUE, id="not back in time"),
        pytest.param(
            WAITING,
            see(20, OperatorPart(Standing.ALONE, idle=True), None, connected_at=19),
            Stage.CALLING_BACK,
            Action.CALL_BACK,
            id="back and registered",
        ),
        pytest.param(WAITING, see(20, ALONE, None, connected_at=19), Stage.WAITING, None, id="back, not registered"),
        pytest.param(
            WAITING,
            see(20, OperatorPart(Standing.ALONE, idle=True), None, connected_at=-60),
            Stage.WAITING,
            None,
            id="a half-open connection is nobody",
        ),
        pytest.param(
            WAITING,
            see(20, OperatorPart(Standing.ALONE, idle=True), None, connected_at=-60, heard_at=8),
            Stage.CALLING_BACK,
            Action.CALL_BACK,
            id="only his sound was lost",
        ),
        pytest.param(CALLING, see(21, WITH_HIM, connected_at=19), None, None, id="he answered"),
        pytest.param(
            CALLING,
            see(21, OperatorPart(Standing.RINGING_HIM, LEG), None, connected_at=19),
            Stage.CALLING_BACK,
            None,
            id="it rings",
        ),
        pytest.param(
            CALLING, see(21, OperatorPart(Standing.RINGING_HIM, LEG), None), Stage.WAITING, Action.KEEP, id="lost again"
        ),
        pytest.param(
            CALLING, see(31, OperatorPart(Standing.RINGING_HIM, LEG), None), None, Action.REQUEUE, id="lost, too late"
        ),
        pytest.param(CALLING, see(45, OperatorPart(Standing.ELSEWHERE)), None, None, id="no answer: in the queue"),
    ],
)
def test_what_follows(loss: Loss, seen: Seen, stage: Stage | None, action: Action | None) -> None:
    verdict = look(loss, seen, Limits())
    assert (verdict.loss.stage if verdict.loss else None, verdict.action) == (stage, action)


def test_a_page_that_took_its_call_back_is_believed_when_it_is_heard() -> None:
    """The new channel counts from nought; only growth is a sign of life."""
    back = see(2, OperatorPart(Standing.WITH_HIM, leg="pbx1-1.9"), 0, connected_at=1)
    first = look(GRACE, back, Limits())
    assert first.loss is not None
    heard = see(2.5, OperatorPart(Standing.WITH_HIM, leg="pbx1-1.9"), 20, connected_at=1)
    assert look(first.loss, heard, Limits()).loss is None


@pytest.mark.parametrize(
    ("started", "connected", "lost", "ghost"),
    [
        pytest.param(5, 1, None, False, id="rings on this connection"),
        pytest.param(5, 6, None, True, id="rang on an older one"),
        pytest.param(5, None, 8, True, id="the connection has gone"),
        pytest.param(5, None, 9.5, False, id="gone this moment"),
        pytest.param(5, None, None, False, id="no telephone of this service"),
    ],
)
def test_a_ring_that_nobody_hears(started: float, connected: float | None, lost: float | None, ghost: bool) -> None:
    connected_at = None if connected is None else at(connected)
    assert ghost_ring(at(started), connected_at, None if lost is None else at(lost), at(10)) is ghost
