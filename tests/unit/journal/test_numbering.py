"""Domain 2.6, S000-32."""

from __future__ import annotations

from datetime import date

import pytest

from hotline.journal.numbering import DEFAULT_PATTERN, BadPatternError, Reset, period, render

DAY = date(2026, 11, 5)


@pytest.mark.parametrize(
    ("pattern", "seq", "number"),
    [
        pytest.param(DEFAULT_PATTERN, 7, "77-05112026-00007", id="default"),
        pytest.param(DEFAULT_PATTERN, 123_456, "77-05112026-123456", id="more-digits-than-padding"),
        pytest.param("{seq}/{date:yy}", 12, "12/26", id="short-year"),
        pytest.param("{date:yyyy-MM-dd}.{seq:03}", 12, "2026-11-05.012", id="other-order"),
        pytest.param("ОБР{org.code}{date:yyyyMMdd}{seq:06}", 9, "ОБР7720261105000009", id="with-words"),
    ],
)
def test_render(pattern: str, seq: int, number: str) -> None:
    assert render(pattern, org_code="77", day=DAY, seq=seq) == number


@pytest.mark.parametrize(
    "pattern",
    [
        pytest.param("{org.code}-{date:ddMMyyyy}", id="no-sequence"),
        pytest.param("{org.name}-{seq}", id="unknown-field"),
        pytest.param("{seq", id="lone-brace"),
        pytest.param("seq}{seq}", id="lone-closing-brace"),
        pytest.param("{date:%Y}{seq}", id="not-a-date-format"),
        pytest.param("{date}{seq}", id="date-without-format"),
        pytest.param("{seq:x}", id="not-padding"),
    ],
)
def test_patterns_that_cannot_be_used(pattern: str) -> None:
    with pytest.raises(BadPatternError):
        render(pattern, org_code="77", day=DAY, seq=1)


@pytest.mark.parametrize(("reset", "key"), [(Reset.NEVER, ""), (Reset.YEARLY, "2026"), (Reset.DAILY, "2026-11-05")])
def test_period(reset: Reset, key: str) -> None:
    assert period(reset, DAY) == key
