"""Who worked with which appeal that is not over: the phase beside the worker, kept by the database itself."""

from __future__ import annotations

from alembic import op


def create() -> None:
    """Keep ``appeal_worker.phase`` equal to the appeal's; null when it is closed or cancelled.

    The folders «На рассмотрении» and «Удалены администратором» of an operator hold a handful of the many thousands that
    he has worked with (S000-10, S000-72). Only an index that knows both, who and in which phase, finds them at once.
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
        CREATE FUNCTION copy_phase_to_worker() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            SELECT phase_of_work(appeal.phase) INTO NEW.phase FROM appeal WHERE appeal.id = NEW.appeal_id FOR SHARE;
            RETURN NEW;
        END $$
        """
    )
    op.execute(
        """
        CREATE FUNCTION copy_phase_to_workers() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN
            UPDATE appeal_worker SET phase = phase_of_work(NEW.phase) WHERE appeal_id = NEW.id;
            RETURN NULL;
        END $$
        """
    )
    op.execute(
        "CREATE TRIGGER phase_is_copied BEFORE INSERT ON appeal_worker "
        "FOR EACH ROW EXECUTE FUNCTION copy_phase_to_worker()"
    )
    op.execute(
        "CREATE TRIGGER phase_is_copied AFTER UPDATE OF phase ON appeal FOR EACH ROW "
        "WHEN (phase_of_work(OLD.phase) IS DISTINCT FROM phase_of_work(NEW.phase)) "
        "EXECUTE FUNCTION copy_phase_to_workers()"
    )
