"""What a merged dossier holds and what undoing gives back (DAY-26)."""

from __future__ import annotations

from hotline.journal.personmerge import Side, changes, preview, restored

KEPT = {"last_name": "Иванова", "first_name": "Анна", "enp": "1", "sex": "u", "address": ""}
GONE = {"last_name": "Иванова", "first_name": "Аня", "enp": "", "sex": "f", "address": "ул. Мира"}


def test_ones_own_values_stay_and_gaps_are_filled() -> None:
    lines = {line.field: line for line in preview(KEPT, GONE)}
    assert set(lines) == {"last_name", "first_name", "enp", "sex", "address"}
    assert lines["first_name"].choice is Side.KEPT
    assert lines["first_name"].differs
    assert lines["address"].choice is Side.GONE
    assert not lines["address"].differs
    assert changes(KEPT, GONE, {}) == {"sex": "f", "address": "ул. Мира"}


def test_a_choice_wins_and_nonsense_does_not() -> None:
    assert changes(KEPT, GONE, {"first_name": "gone", "address": "kept"}) == {"sex": "f", "first_name": "Аня"}
    assert changes(KEPT, GONE, {"first_name": "both", "shoe_size": "gone"}) == changes(KEPT, GONE, {})
    assert changes(KEPT, GONE, {"enp": "gone"}) == {"sex": "f", "address": "ул. Мира", "enp": ""}


def test_undoing_leaves_later_corrections_alone() -> None:
    before, after = {"address": "", "first_name": "Анна"}, {"address": "ул. Мира", "first_name": "Аня"}
    now = {"address": "ул. Новая", "first_name": "Аня"}
    assert restored(before, after, now) == {"first_name": "Анна"}
    assert restored(before, after, after) == before
