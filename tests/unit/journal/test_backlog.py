"""Calls that wait for the database (S002-01): their order, the newest word of each, and too many of them."""

from __future__ import annotations

from dataclasses import replace

from hotline.journal.backlog import Backlog
from tests.unit.journal.test_callmerge import ENDED, STARTED, TALKING

OTHER = replace(STARTED, key="pbx1-2.1")


def test_the_newest_word_of_each_call_in_the_order_of_the_first() -> None:
    backlog = Backlog()
    for call in (STARTED, OTHER, TALKING, ENDED):
        assert backlog.put(call)
    written = []
    while (oldest := backlog.oldest()) is not None:
        written.append(oldest)
        backlog.written(oldest)
    assert written == [ENDED, OTHER]


def test_what_comes_while_a_call_is_being_written_is_not_forgotten() -> None:
    backlog = Backlog()
    backlog.put(STARTED)
    writing = backlog.oldest()
    assert writing is not None
    backlog.put(ENDED)
    backlog.written(writing)
    assert backlog.oldest() is ENDED


def test_the_calls_that_waited_first_are_kept() -> None:
    backlog = Backlog(limit=1)
    assert backlog.put(STARTED)
    assert not backlog.put(OTHER)
    assert backlog.put(ENDED)  # of the call that is kept
    assert (len(backlog), backlog.left_out) == (1, {OTHER.key})
