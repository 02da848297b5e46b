"""Who worked with which appeal, and beside him all that his list is ordered or narrowed by, kept by the database."""

from __future__ import annotations

from alembic import op

COPIED = (
    "appeal_at", "due_at", "applicant_key", "type_code", "topic_code", "channel_code", "status_code",
    "responsible_org_id", "owner_id",
)  # fmt: skip
"""Columns of ``appeal`` that ``appeal_worker`` repeats under the same names (ADR 0033)."""


def create() -> None:
    """Keep the copies in ``appeal_worker`` equal to the appeal's own; ``phase`` is null when it is closed or cancelled.

    The folders «На рассмотрении» and «Удалены администратором» of an operator hold a handful of the many thousands that
    he has worked with (S000-10, S000-72). Only an index that knows both, who and in which phase, finds them at once;
    only one that knows the rest orders those thousands without reading them (S000-05, ADR 0033).
    """
    op.execute(
        """
        CREATE FUNCTION phase_of_work(phase text) RETURNS text LANGUAGE sql IMMUTABLE AS $$
            SELECT CASE WHEN phase NOT IN ('closed', 'cancelled') THEN phase END
        $$
        """
    )
    # A worker is added by whoever has just changed the appeal. Should somebody else be changing it, he is waited for:
    # else each would write without having seen the other.
    op.execute(
        """
        CREATE FUNCTION copy_appeal_to_worker() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            SELECT phase_of_work(phase), appeal_at, due_at, applicant_key, type_code, topic_code, channel_code,
                   status_code, responsible_org_id, owner_id
            INTO NEW.phase, NEW.appeal_at, NEW.due_at, NEW.applicant_key, NEW.type_code, NEW.topic_code,
                 NEW.channel_code, NEW.status_code, NEW.responsible_org_id, NEW.owner_id
            FROM appeal WHERE appeal.id = NEW.appeal_id FOR SHARE;
            RETURN NEW;
        END $$
        """
    )
    op.execute(
        """
        CREATE FUNCTION copy_appeal_to_workers() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            UPDATE appeal_worker
            SET phase = phase_of_work(NEW.phase), appeal_at = NEW.appeal_at, due_at = NEW.due_at,
                applicant_key = NEW.applicant_key, type_code = NEW.type_code, topic_code = NEW.topic_code,
                channel_code = NEW.channel_code, status_code = NEW.status_code,
                responsible_org_id = NEW.responsible_org_id, owner_id = NEW.owner_id
            WHERE appeal_id = NEW.id;
            RETURN NULL;
        END $$
        """
    )
    op.execute(
        "CREATE TRIGGER appeal_is_copied BEFORE INSERT ON appeal_worker "
        "FOR EACH ROW EXECUTE FUNCTION copy_appeal_to_worker()"
    )
    columns = ", ".join(f"{{row}}.{name}" for name in COPIED)
    old, new = (f"(phase_of_work({row}.phase), {columns.format(row=row)})" for row in ("OLD", "NEW"))
    op.execute(
        "CREATE TRIGGER appeal_is_copied AFTER UPDATE ON appeal FOR EACH ROW "
        f"WHEN ({old} IS DISTINCT FROM {new}) EXECUTE FUNCTION copy_appeal_to_workers()"
    )
