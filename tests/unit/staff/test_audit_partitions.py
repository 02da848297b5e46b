"""Which tables the audit trail has (152-ФЗ art. 19), without a database."""

from __future__ import annotations

from datetime import UTC, date, datetime

import pytest

from hotline.staff.audit_partitions import months, name_of, statements


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        pytest.param(datetime(2026, 11, 30, 23, 59, tzinfo=UTC), ["2026_11", "2026_12", "2027_01"], id="over the year"),
        pytest.param(datetime(2027, 1, 1, tzinfo=UTC), ["2027_01", "2027_02", "2027_03"], id="the first moment"),
        pytest.param(datetime(2024, 12, 31, tzinfo=UTC), ["2024_12", "2025_01", "2025_02"], id="December"),
    ],
)
def test_the_months_to_come(now: datetime, expected: list[str]) -> None:
    assert [name_of(one) for one in months(now, 2)] == [f"audit_event_{one}" for one in expected]


def test_a_month_ends_where_the_next_begins() -> None:
    made = statements(date(2026, 12, 1), guarded=False)
    assert made == (
        "CREATE TABLE IF NOT EXISTS audit_event_2026_12 PARTITION OF audit_event "
        "FOR VALUES FROM ('2026-12-01 00:00:00+00') TO ('2027-01-01 00:00:00+00')",
    )
    assert len(statements(None, guarded=True)) == 2
