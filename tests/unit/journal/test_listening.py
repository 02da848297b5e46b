"""Who hears a recording, and who must say why: a message is nobody's conversation."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from hotline.journal.listening import Hearing, Listener, hearing, is_message

NOON = datetime(2026, 11, 20, 9, 0, tzinfo=UTC)
OWN = Listener(own=True, centre=False, listed=True)
SUPERVISOR = Listener(own=False, centre=True, listed=True)
RUNG = Listener(own=False, centre=False, listed=True)
STRANGER = Listener(own=False, centre=False, listed=False)


@pytest.mark.parametrize(
    ("listener", "message", "expected"),
    [
        pytest.param(OWN, False, Hearing.FREE, id="ones-own-conversation"),
        pytest.param(SUPERVISOR, False, Hearing.WITH_REASON, id="anothers-conversation"),
        pytest.param(RUNG, False, Hearing.FORBIDDEN, id="rung-but-not-answered"),
        pytest.param(STRANGER, False, Hearing.FORBIDDEN, id="a-strangers-conversation"),
        pytest.param(SUPERVISOR, True, Hearing.FREE, id="a-message"),
        pytest.param(RUNG, True, Hearing.FREE, id="a-message-after-nobody-answered"),
        pytest.param(STRANGER, True, Hearing.FORBIDDEN, id="a-message-to-another-organisation"),
    ],
)
def test_who_hears_what(listener: Listener, message: bool, expected: Hearing) -> None:
    assert hearing(listener, message=message) is expected


@pytest.mark.parametrize(
    ("outcome", "answered_at", "expected"),
    [("voicemail", None, True), ("voicemail", NOON, False), ("answered", NOON, False), (None, None, False)],
)
def test_a_message_is_what_nobody_talked_in(outcome: str | None, answered_at: datetime | None, expected: bool) -> None:
    assert is_message(outcome, answered_at) is expected
