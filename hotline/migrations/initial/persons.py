"""Persons, their telephones and merges (``hotline.journal.tables_person``)."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql


def create() -> None:
    """Make them."""
    _person()
    _person_phone()
    _person_merge()


def _person() -> None:
    op.create_table(
        "person",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("last_name", sa.Text(), nullable=False),
        sa.Column("first_name", sa.Text(), server_default="", nullable=False),
        sa.Column("patronymic", sa.Text(), server_default="", nullable=False),
        sa.Column("birth_date", sa.Date(), nullable=True),
        sa.Column("sex", sa.Text(), server_default="u", nullable=False),
        sa.Column("enp", sa.Text(collation="C"), nullable=True),
        sa.Column("snils", sa.Text(collation="C"), nullable=True),
        sa.Column("policy", sa.Text(collation="C"), nullable=True),
        sa.Column("insurer_id", sa.BigInteger(), nullable=True),
        sa.Column("address", sa.Text(), server_default="", nullable=False),
        sa.Column("email", sa.Text(), server_default="", nullable=False),
        sa.Column("insured_status", sa.Text(), server_default="unknown", nullable=False),
        sa.Column("source", sa.Text(), server_default="manual", nullable=False),
        sa.Column("merged_into_id", sa.BigInteger(), nullable=True),
        sa.Column("created_at", sa.DateTime(timezone=True), server_default=sa.text("now()"), nullable=False),
        sa.Column("version", sa.Integer(), server_default=sa.text("1"), nullable=False),
        sa.Column("address_fact", sa.Text(), server_default="", nullable=False),
        sa.Column("clinic", sa.Text(), server_default="", nullable=False),
        sa.Column("notes", sa.Text(), server_default="", nullable=False),
        sa.Column("is_dead", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("died_on", sa.Date(), nullable=True),
        sa.Column("valid_from", sa.Date(), nullable=True),
        sa.Column("valid_to", sa.Date(), nullable=True),
        sa.Column(
            "s_sur",
            sa.Text(collation="C"),
            sa.Computed("translate(upper((last_name) COLLATE \"und-x-icu\"), 'Ё -''.’`', 'Е')", persisted=True),
            nullable=False,
        ),
        sa.Column(
            "s_nam",
            sa.Text(collation="C"),
            sa.Computed("translate(upper((first_name) COLLATE \"und-x-icu\"), 'Ё -''.’`', 'Е')", persisted=True),
            nullable=False,
        ),
        sa.Column(
            "s_pat",
            sa.Text(collation="C"),
            sa.Computed("translate(upper((patronymic) COLLATE \"und-x-icu\"), 'Ё -''.’`', 'Е')", persisted=True),
            nullable=False,
        ),
        sa.Column(
            "s_ini",
            sa.Text(collation="C"),
            sa.Computed(
                "left(translate(upper((first_name) COLLATE \"und-x-icu\"), 'Ё -''.’`', 'Е'), 1) || "
                "left(translate(upper((patronymic) COLLATE \"und-x-icu\"), 'Ё -''.’`', 'Е'), 1)",
                persisted=True,
            ),
            nullable=False,
        ),
        sa.Column(
            "s_two",
            sa.Text(collation="C"),
            sa.Computed(
                "left(translate(upper((last_name) COLLATE \"und-x-icu\"), 'Ё -''.’`', 'Е'), 3) || "
                "left(translate(upper((first_name) COLLATE \"und-x-icu\"), 'Ё -''.’`', 'Е'), 2)",
                persisted=True,
            ),
            nullable=False,
        ),
        sa.ForeignKeyConstraint(["insurer_id"], ["organisation.id"], name=op.f("fk_person_insurer_id")),
        sa.ForeignKeyConstraint(["merged_into_id"], ["person.id"], name=op.f("fk_person_merged_into_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person")),
    )
    op.create_index("ix_person_birth_date", "person", ["birth_date"], unique=False)
    op.create_index("ix_person_fio", "person", ["s_sur", "s_nam", "s_pat", "birth_date", "id"], unique=False)
    op.create_index("ix_person_two", "person", ["s_two", "s_sur", "s_nam", "s_pat", "birth_date", "id"], unique=False)
    op.create_index("ix_person_ini", "person", ["s_ini", "s_sur", "s_nam", "s_pat", "birth_date", "id"], unique=False)
    op.create_index(
        "ix_person_merged_into_id",
        "person",
        ["merged_into_id"],
        unique=False,
        postgresql_where=sa.text("merged_into_id IS NOT NULL"),
    )
    op.create_index(
        "ix_person_policy", "person", ["policy"], unique=False, postgresql_where=sa.text("policy IS NOT NULL")
    )
    op.create_index("ix_person_snils", "person", ["snils"], unique=False, postgresql_where=sa.text("snils IS NOT NULL"))
    op.create_index(
        "uq_person_enp",
        "person",
        ["enp"],
        unique=True,
        postgresql_where=sa.text("enp IS NOT NULL AND merged_into_id IS NULL"),
    )


def _person_phone() -> None:
    op.create_table(
        "person_phone",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("person_id", sa.BigInteger(), nullable=False),
        sa.Column("e164", sa.Text(collation="C"), nullable=False),
        sa.Column("raw", sa.Text(), nullable=False),
        sa.Column("kind", sa.Text(), server_default="other", nullable=False),
        sa.Column("is_wrong", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("do_not_call", sa.Boolean(), server_default=sa.text("false"), nullable=False),
        sa.Column("last_confirmed_at", sa.DateTime(timezone=True), nullable=True),
        sa.ForeignKeyConstraint(["person_id"], ["person.id"], name=op.f("fk_person_phone_person_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person_phone")),
    )
    op.create_index(
        "ix_person_phone_person_id",
        "person_phone",
        ["person_id", "id"],
        unique=False,
        postgresql_include=["e164", "is_wrong"],
    )
    op.create_index("uq_person_phone_e164_person_id", "person_phone", ["e164", "person_id"], unique=True)


def _person_merge() -> None:
    op.create_table(
        "person_merge",
        sa.Column("id", sa.BigInteger(), sa.Identity(always=False), nullable=False),
        sa.Column("kept_id", sa.BigInteger(), nullable=False),
        sa.Column("gone_id", sa.BigInteger(), nullable=False),
        sa.Column("by_id", sa.BigInteger(), nullable=False),
        sa.Column("at", sa.DateTime(timezone=True), nullable=False),
        sa.Column("before", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("after", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("moved", postgresql.JSONB(astext_type=sa.Text()), nullable=False),
        sa.Column("undone_at", sa.DateTime(timezone=True), nullable=True),
        sa.Column("undone_by_id", sa.BigInteger(), nullable=True),
        sa.ForeignKeyConstraint(["by_id"], ["staff_user.id"], name=op.f("fk_person_merge_by_id")),
        sa.ForeignKeyConstraint(["gone_id"], ["person.id"], name=op.f("fk_person_merge_gone_id")),
        sa.ForeignKeyConstraint(["kept_id"], ["person.id"], name=op.f("fk_person_merge_kept_id")),
        sa.ForeignKeyConstraint(["undone_by_id"], ["staff_user.id"], name=op.f("fk_person_merge_undone_by_id")),
        sa.PrimaryKeyConstraint("id", name=op.f("pk_person_merge")),
    )
    op.create_index(op.f("ix_person_merge_gone_id"), "person_merge", ["gone_id"], unique=False)
    op.create_index(op.f("ix_person_merge_kept_id"), "person_merge", ["kept_id"], unique=False)
