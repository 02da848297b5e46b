"""No migration after the first may stop people's work (issue 6: zero-downtime upgrade)."""

from __future__ import annotations

import io
from itertools import pairwise
from pathlib import Path

import pytest
from alembic import command

from hotline.migrations.fit import misfit
from hotline.migrations.guard import contract, dangers
from hotline.migrations.scripts import config_of, head, known, steps

FIRST = "0001"
"""What makes an empty database: nobody uses it yet."""


def sql_of(step: str, before: str, more: tuple[Path, ...] = ()) -> str:
    """The SQL of one migration, as PostgreSQL would get it."""
    config = config_of(more=more)
    config.output_buffer = io.StringIO()
    command.upgrade(config, f"{before}:{step}", sql=True)
    return str(config.output_buffer.getvalue())


def test_no_migration_is_dangerous() -> None:
    order = steps(None)
    assert order[0] == FIRST
    assert order[-1] == head()
    for before, step in pairwise(order):
        assert dangers(sql_of(step, before)) == [], step


BAD = '''"""a bad example."""
import sqlalchemy as sa
from alembic import op
revision, down_revision, branch_labels, depends_on = "0002", "0001", None, None
def upgrade() -> None:
    op.create_table("made", sa.Column("id", sa.BigInteger(), primary_key=True), sa.Column("call_id", sa.BigInteger()))
    op.create_index("ix_made_call_id", "made", ["call_id"])
    op.create_foreign_key("fk_made_call", "made", "call", ["call_id"], ["id"])
    op.add_column("call", sa.Column("mood", sa.Text(), server_default="calm", nullable=False))
    op.create_index("ix_call_mood", "call", ["mood"])
    op.alter_column("call", "wait_s", type_=sa.Numeric())
    op.drop_column("appeal", "number")
'''


def test_the_check_of_migrations_sees(tmp_path: Path) -> None:
    """A new table and a column with a constant default pass; index, new type and a column taken away do not."""
    (tmp_path / "0002_bad.py").write_text(BAD)
    found = dangers(sql_of("0002", FIRST, (tmp_path,)))
    assert [one.statement for one in found] == [
        "CREATE INDEX ix_call_mood ON call (mood)",
        "ALTER TABLE call ALTER COLUMN wait_s TYPE NUMERIC",
        "ALTER TABLE appeal DROP COLUMN number",
    ]


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE call ADD COLUMN mood text NOT NULL",
        "ALTER TABLE call ADD COLUMN token uuid DEFAULT gen_random_uuid() NOT NULL",
        "ALTER TABLE call ADD COLUMN day date GENERATED ALWAYS AS (started_at::date) STORED",
        "ALTER TABLE call ADD COLUMN nr BIGSERIAL",
        "ALTER TABLE call ADD COLUMN code text UNIQUE",
        "ALTER TABLE call ADD COLUMN topic_code text REFERENCES topic (code)",
        "ALTER TABLE public.call ALTER COLUMN wait_s TYPE numeric",
        "ALTER TABLE ONLY call ALTER wait_s SET DATA TYPE numeric",
        "ALTER TABLE call ALTER COLUMN operator SET NOT NULL",
        "ALTER TABLE call ADD CONSTRAINT fk_call_topic FOREIGN KEY (topic_code) REFERENCES topic (code)",
        "ALTER TABLE call ADD CONSTRAINT ck_call_wait CHECK (wait_s >= 0)",
        "ALTER TABLE call ADD CONSTRAINT uq_call_x UNIQUE (operator)",
        "ALTER TABLE call ADD PRIMARY KEY (key)",
        "create unique index uq_call_x on call (operator)",
        "DROP INDEX ix_call_open",
        "LOCK TABLE call IN EXCLUSIVE MODE",
        "REINDEX TABLE call",
        "TRUNCATE call",
        "UPDATE call SET wait_s = 0",
        "DELETE FROM call WHERE ended_at IS NULL",
        "DROP TABLE call",
        "ALTER TABLE call RENAME COLUMN operator TO extension",
        "ALTER TABLE call RENAME TO calls",
    ],
)
def test_a_dangerous_statement_is_seen(statement: str) -> None:
    assert dangers(f"BEGIN;\n-- Running upgrade\n{statement};\nCOMMIT;")


@pytest.mark.parametrize(
    "statement",
    [
        "ALTER TABLE call ADD COLUMN mood text",
        "ALTER TABLE call ADD COLUMN mood text DEFAULT 'calm' NOT NULL",
        "ALTER TABLE call ADD COLUMN at timestamptz DEFAULT now() NOT NULL",
        "ALTER TABLE call ADD CONSTRAINT fk FOREIGN KEY (topic_code) REFERENCES topic (code) NOT VALID",
        "ALTER TABLE call VALIDATE CONSTRAINT fk",
        "ALTER TABLE call ADD CONSTRAINT uq_call_x UNIQUE USING INDEX uq_call_x",
        "CREATE INDEX CONCURRENTLY ix_call_mood ON call (mood)",
        "DROP INDEX CONCURRENTLY ix_call_open",
        "ALTER TABLE call ALTER COLUMN wait_s SET DEFAULT 1",
        "CREATE TABLE made (id bigint UNIQUE NOT NULL); CREATE INDEX ix ON made (id); UPDATE made SET id = 1",
        "INSERT INTO disposition (code) VALUES ('x')",
    ],
)
def test_a_harmless_statement_passes(statement: str) -> None:
    assert dangers(statement) == []


def test_taking_away_needs_a_contract() -> None:
    drop = "ALTER TABLE call DROP COLUMN operator"
    assert dangers(drop)
    assert dangers(f"{drop}; {contract('0003')}") == []
    assert dangers(f"ALTER TABLE call ALTER COLUMN wait_s TYPE numeric; {contract('0003')}")
    with pytest.raises(ValueError, match="not the id"):
        contract("'; DROP TABLE call")


@pytest.mark.parametrize(
    ("present", "oldest", "told"),
    [
        ("0002", "0001", ""),
        (None, "", "is empty: hotline db upgrade"),
        ("0001", "0001", "too old (0001, the program needs 0002): hotline db upgrade"),
        ("0003", "0001", ""),  # expanded for the program after this one
        ("0004", "0002", ""),
        ("0004", "0003", "too new (0004; it needs a program from 0003 on, this one is 0002)"),
    ],
)
def test_a_program_and_a_schema(present: str | None, oldest: str, told: str) -> None:
    why = misfit("0002", {"0001", "0002"}, present, oldest)
    assert told in why
    assert bool(why) is bool(told)
    assert "0001" in known()
