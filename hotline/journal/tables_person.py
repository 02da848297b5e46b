"""The register of persons and its search columns (domain 2.2; indexes as measured for three million rows)."""

from __future__ import annotations

from datetime import date, datetime

from sqlalchemy import BigInteger, Computed, ForeignKey, Identity, Index, Text, text
from sqlalchemy.orm import Mapped, mapped_column, relationship

from hotline.db import Base
from hotline.staff.tables import search_key

# Byte order: ranges of beginnings then work under any plan, and sorting costs no collation rules.
KEY = Text(collation="C")
_BEGINNINGS = f"left({search_key('last_name')}, 3) || left({search_key('first_name')}, 2)"
_INITIALS = f"left({search_key('first_name')}, 1) || left({search_key('patronymic')}, 1)"


class PersonRow(Base):
    """A dossier: somebody from the insured register, or somebody who once called."""

    __tablename__ = "person"
    __table_args__ = (
        Index("ix_person_ini", "s_ini", "s_sur", "s_nam", "s_pat", "birth_date", "id"),
        Index("ix_person_two", "s_two", "s_sur", "s_nam", "s_pat", "birth_date", "id"),
        Index("ix_person_fio", "s_sur", "s_nam", "s_pat", "birth_date", "id"),
        Index("ix_person_birth_date", "birth_date"),
        Index(
            "uq_person_enp",
            "enp",
            unique=True,
            postgresql_where=text("enp IS NOT NULL AND merged_into_id IS NULL"),
        ),
        Index("ix_person_snils", "snils", postgresql_where=text("snils IS NOT NULL")),
        Index("ix_person_policy", "policy", postgresql_where=text("policy IS NOT NULL")),
        # Whoever deletes a person makes PostgreSQL look who was merged into him.
        Index("ix_person_merged_into_id", "merged_into_id", postgresql_where=text("merged_into_id IS NOT NULL")),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    last_name: Mapped[str] = mapped_column(Text)
    first_name: Mapped[str] = mapped_column(Text, server_default="")
    patronymic: Mapped[str] = mapped_column(Text, server_default="")
    birth_date: Mapped[date | None]
    sex: Mapped[str] = mapped_column(Text, server_default="u")
    enp: Mapped[str | None] = mapped_column(KEY)
    snils: Mapped[str | None] = mapped_column(KEY)
    policy: Mapped[str | None] = mapped_column(KEY)
    """Series and number of an old or temporary policy, folded (``personquery.policy_key``)."""
    insurer_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"))
    address: Mapped[str] = mapped_column(Text, server_default="")
    email: Mapped[str] = mapped_column(Text, server_default="")
    insured_status: Mapped[str] = mapped_column(Text, server_default="unknown")
    source: Mapped[str] = mapped_column(Text, server_default="manual")
    """``register``, ``manual`` or ``call``."""
    merged_into_id: Mapped[int | None] = mapped_column(ForeignKey("person.id"))
    created_at: Mapped[datetime] = mapped_column(server_default=text("now()"))
    version: Mapped[int] = mapped_column(server_default=text("1"))
    address_fact: Mapped[str] = mapped_column(Text, server_default="")
    """Where he lives; ``address`` is where he is registered."""
    clinic: Mapped[str] = mapped_column(Text, server_default="")
    """The medical organisation that he is attached to, as the register names it."""
    notes: Mapped[str] = mapped_column(Text, server_default="")
    is_dead: Mapped[bool] = mapped_column(server_default=text("false"))
    died_on: Mapped[date | None]
    valid_from: Mapped[date | None]
    """First and last day of the insurance, as far as the register says."""
    valid_to: Mapped[date | None]

    s_sur: Mapped[str] = mapped_column(KEY, Computed(search_key("last_name"), persisted=True))
    s_nam: Mapped[str] = mapped_column(KEY, Computed(search_key("first_name"), persisted=True))
    s_pat: Mapped[str] = mapped_column(KEY, Computed(search_key("patronymic"), persisted=True))
    s_ini: Mapped[str] = mapped_column(KEY, Computed(_INITIALS, persisted=True))
    s_two: Mapped[str] = mapped_column(KEY, Computed(_BEGINNINGS, persisted=True))
    """Three letters of the surname and two of the name: «ива ив» without reading all of «Ива…»."""

    phones: Mapped[list[PersonPhoneRow]] = relationship(lazy="raise")


class PersonPhoneRow(Base):
    """A telephone number of a person. One number may belong to several people (DAY-11)."""

    __tablename__ = "person_phone"
    __table_args__ = (
        Index("uq_person_phone_e164_person_id", "e164", "person_id", unique=True),
        # The numbers beside each row of a search are read from the index alone.
        Index("ix_person_phone_person_id", "person_id", "id", postgresql_include=["e164", "is_wrong"]),
    )

    id: Mapped[int] = mapped_column(BigInteger, Identity(), primary_key=True)
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"))
    e164: Mapped[str] = mapped_column(KEY)
    raw: Mapped[str] = mapped_column(Text)
    kind: Mapped[str] = mapped_column(Text, server_default="other")
    is_wrong: Mapped[bool] = mapped_column(server_default=text("false"))
    do_not_call: Mapped[bool] = mapped_column(server_default=text("false"))
    last_confirmed_at: Mapped[datetime | None]


class RegisterEntryRow(Base):
    """What the register said last of a person. An unchanged row of a new file then touches nothing."""

    __tablename__ = "register_entry"

    scope: Mapped[str] = mapped_column(KEY, primary_key=True)
    key: Mapped[str] = mapped_column(KEY, primary_key=True)
    """Of ``hotline.register.rows.key_of``: ENP, else SNILS, else name and birth date."""
    person_id: Mapped[int] = mapped_column(ForeignKey("person.id"), index=True)
    row_hash: Mapped[int] = mapped_column(BigInteger)
    batch_id: Mapped[int] = mapped_column(BigInteger)
    closed_on: Mapped[date | None]
    """When it was missing from a full file."""
