"""Who sees numbers and addresses of citizens as they are (domain 3.4), without a database."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from hotline.journal import masking
from hotline.journal.dossier_model import Dossier, DossierPhone
from hotline.journal.model import CallRow, PersonRow
from hotline.staff.model import Organisation, Right, User

FUND = Organisation(1, "07", "tfoms", "Фонд", "ТФОМС")
PERSON = PersonRow(
    id=5, last_name="Иванова", first_name="Мария", patronymic="Петровна", birth_date=None, sex="f",
    enp="1234567890121239", snils="11223344595", policy=None, phones=("+79280001122",), address="ул. Тайная, 1",
    insurer=None, open_appeals=0,
)  # fmt: skip
SECRETS = ("12345678", "1122334", "+7928000", "Тайная")


def user(*rights: str) -> User:
    return User(1, "x", "Х", "Х", "", FUND, None, permissions=frozenset(rights))


@pytest.mark.parametrize(
    ("rights", "sees"),
    [
        pytest.param([Right.APPEAL_CREATE], True, id="an operator works with them"),
        pytest.param([Right.APPEAL_EDIT_ANY], True, id="the administrator"),
        pytest.param([Right.PERSON_EDIT], True, id="who edits persons"),
        pytest.param([Right.APPEAL_VIEW_ALL, Right.CALL_MAKE], False, id="a supervisor"),
        pytest.param([Right.PERSON_VIEW, Right.PERSON_UNMASK], False, id="the right to unmask is not to see"),
        pytest.param([], False, id="nobody"),
    ],
)
def test_who_sees_private_data(rights: list[str], sees: bool) -> None:
    """Domain 3.4."""
    reader = user(*rights)
    assert masking.sees_private(reader) is sees
    shown = repr(masking.person(reader, PERSON))
    assert all((secret in shown) is sees for secret in SECRETS)
    assert masking.sees_private(masking.unmasked(reader))
    assert masking.person(None, PERSON) == PERSON


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("1234567890121239", "••••1239"),
        ("+79280001122", "••••1122"),
        ("12345678", "••••5678"),
        ("1234567", "••••"),
        ("", ""),
    ],
)
def test_a_masked_number_can_be_told_from_another(value: str, shown: str) -> None:
    assert masking.tail(value) == shown


def test_a_dossier_says_what_is_hidden() -> None:
    phone = DossierPhone(1, "+79280001122", "mobile", False, False, datetime(2026, 1, 1, tzinfo=UTC), 1)
    found = Dossier(
        id=5, version=1, last_name="Иванова", first_name="Мария", patronymic="", birth_date=None, sex="f",
        enp="1234567890121239", snils="", policy="", insurer="", address="ул. Тайная, 1", address_fact="", email="",
        clinic="", notes="", insured_status="own", source="register", is_dead=False, died_on=None, valid_from=None,
        valid_to=None, merged_into_id=None, phones=(phone,),
    )  # fmt: skip
    shown = masking.dossier(user(Right.PERSON_VIEW), found)
    assert shown.hidden == {"enp", "address", "phone"}
    assert not any(secret in repr(shown) for secret in SECRETS)
    assert masking.dossier(user(Right.APPEAL_CREATE), found) == found
    assert masking.dossier(user(), replace(found, enp="", address="", phones=())).hidden == frozenset()


CALL = CallRow(
    key="pbx1-1.1", direction="in", phase="ended", caller="+79280001122", dialled="88001000000", queue="hotline",
    started_at=datetime(2026, 1, 1, tzinfo=UTC), answered_at=None, ended_at=None, wait_s=0, talk_s=0, outcome=None,
    ended_by=None, operator_id=7, operator="Иванова А.", disposition=None, recorded=False,
)  # fmt: skip


@pytest.mark.parametrize(
    ("call", "shown"),
    [
        pytest.param(CALL, ("••••1122", "88001000000", True), id="who called; our own number is no secret"),
        pytest.param(
            replace(CALL, direction="out", caller="101", dialled="+79280001122"), ("101", "••••1122", True),
            id="whom we called",
        ),
        pytest.param(replace(CALL, caller=None), (None, "88001000000", True), id="a withheld number"),
        pytest.param(
            replace(CALL, direction="internal", caller="101", dialled="102"), ("101", "102", False), id="colleagues"
        ),
        pytest.param(replace(CALL, operator_id=1), ("+79280001122", "88001000000", False), id="his own talk"),
    ],
)  # fmt: skip
def test_whose_number_a_supervisor_sees_in_a_list_of_calls(call: CallRow, shown: tuple[str | None, str, bool]) -> None:
    """Domain 3.4, S002-01: the last digits, but of those with whom he talked himself."""
    found = masking.call(user(Right.CALL_MONITOR), call)
    assert (found.caller, found.dialled, found.masked) == shown
    assert masking.call(user(Right.APPEAL_CREATE), call) == call
    assert masking.call(masking.unmasked(user()), call) == call
