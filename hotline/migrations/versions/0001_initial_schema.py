"""initial schema: each topic's tables are made by its module of ``migrations.initial``."""

from __future__ import annotations

from hotline.migrations.initial import (
    appeals,
    attendance,
    audit,
    board,
    callbacks,
    calls,
    cards,
    deadlines,
    desk,
    factors,
    jobs,
    lines,
    operators,
    passwords,
    persons,
    profile,
    recordings,
    register,
    reports,
    scoring,
    segments,
    staff,
    state,
    stats,
    supervision,
    tokens,
    webhooks,
    workers,
)

revision = "0001"
down_revision = None
branch_labels = None
depends_on = None


def upgrade() -> None:
    """Make all tables. A topic comes after those that its foreign keys name; the histories' guards after all."""
    staff.create()
    operators.create()
    profile.create()
    persons.create()
    register.create()
    calls.create()
    recordings.create()
    appeals.create()
    cards.create()
    deadlines.create()
    desk.create()
    segments.create()
    passwords.create()
    factors.create()
    board.create()
    stats.create()
    reports.create()
    lines.create()
    workers.create()
    callbacks.create()
    attendance.create()
    supervision.create()
    audit.create()
    jobs.create()
    scoring.create()
    state.create()
    tokens.create()
    webhooks.create()
