"""A second profile with other statuses, moves and roles runs a full life: no status name is in code (domain 2.1)."""

from __future__ import annotations

import ast
import re
from datetime import timedelta
from pathlib import Path

import pytest

from hotline.clock import FakeClock
from hotline.config import Settings
from hotline.db import Database
from hotline.errors import BadInput, Conflict, Forbidden
from hotline.journal.card_form import CardForm
from hotline.journal.lifecycle_model import MoveForm
from hotline.journal.model import Phase
from hotline.journal.process import build
from hotline.journal.service import Journal
from hotline.profiles.loader import load_profile, read_profile
from hotline.profiles.versions import content, history
from hotline.staff.model import NewUser, User
from hotline.staff.service import StaffService
from hotline.staff.tables import OrganisationRow
from tests.integration.journal.world import QUICK

ROOT = Path(__file__).parents[3]
GOV = ROOT / "tests" / "data" / "gov"
CARD = {
    "type": "vopros",
    "topic": "dorogi",
    "channel": "tel",
    "source": "sam",
    "content": "Яма на дороге",
    "applicant_last_name": "Дорожный",
    "same_person": "1",
}


async def people(db: Database, clock: FakeClock) -> dict[str, User]:
    async with db.begin() as session:
        session.add(OrganisationRow(code="01", kind="executor_body", name="Правительство", short_name="Правительство"))
    staff = StaffService(db, clock, Settings(), hasher=QUICK)
    return {
        role: await staff.create_user(NewUser(role, "длинный пароль", "Фамилия", role, "01", (role,)))
        for role in ("telefonist", "responsible")
    }


async def test_a_full_life_in_a_profile_of_three_statuses(db: Database, clock: FakeClock) -> None:
    """T14–T17."""
    await load_profile(db, GOV, clock)
    who = await people(db, clock)
    appeals = Journal(db, clock, Settings()).appeals
    clerk, officer = who["telefonist"], who["responsible"]
    appeal = await appeals.save_card(clerk, CardForm.from_fields(CARD), "k1")
    assert (appeal.number, appeal.phase, appeal.status.title) == ("ГЛ/001", Phase.RESOLUTION, "В работе")
    assert appeal.actions == {"k_otvetstvennomu"}
    assert not appeal.editable  # the profile says so, whoever owns it
    appeal = await appeals.fire(clerk, appeal.id, "k_otvetstvennomu", 1, MoveForm(to_user_id=officer.id))
    assert (appeal.status.title, appeal.owner.code) == ("В работе", str(officer.id))
    with pytest.raises(BadInput) as missing:
        await appeals.fire(officer, appeal.id, "rezolyutsiya", appeal.version)
    assert set(missing.value.details) == {"comment", "due_at"}
    due = clock.now() + timedelta(days=20)
    order = MoveForm(comment="Засыпать", due_at=due)
    appeal = await appeals.fire(officer, appeal.id, "rezolyutsiya", appeal.version, order)
    assert (appeal.status.title, appeal.due_at, appeal.editable) == ("Отложено", due, True)
    appeal = await appeals.fire(officer, appeal.id, "otkaz", appeal.version, MoveForm(comment="Не наша дорога"))
    appeal = await appeals.fire(
        officer, appeal.id, "rezolyutsiya", appeal.version, MoveForm(comment="Вашa", due_at=due + timedelta(days=1))
    )
    reply = MoveForm(result="spravka", measures="Засыпано")
    appeal = await appeals.fire(officer, appeal.id, "otvet", appeal.version, reply)
    assert (appeal.status.title, appeal.phase, appeal.life.result) == ("Завершено", Phase.CLOSED, "Дан ответ")
    assert appeal.life.close_date == clock.now()
    assert appeal.actions == frozenset()
    with pytest.raises(Forbidden):  # immutable for everybody, who may edit any appeal as well (T16)
        await appeals.update(officer, appeal.id, CardForm.from_fields(appeal.fields), appeal.version)
    with pytest.raises(Conflict):
        await appeals.fire(officer, appeal.id, "close", appeal.version)
    assert appeal.history[0].done == "Первый блок заполнен"


async def test_an_appeal_lives_on_when_its_status_is_closed_by_date(
    db: Database, clock: FakeClock, tmp_path: Path
) -> None:
    """Domain 2.1: rows in use are closed by date; the appeal goes on as in its phase's own status."""
    await load_profile(db, GOV, clock)
    who = await people(db, clock)
    appeals = Journal(db, clock, Settings()).appeals
    clerk, officer = who["telefonist"], who["responsible"]
    appeal = await appeals.save_card(clerk, CardForm.from_fields(CARD), "k1")
    text = (GOV / "profile.toml").read_text(encoding="utf-8")
    (tmp_path / "gov").mkdir()
    (tmp_path / "gov" / "profile.toml").write_text(
        text.replace("u_otvetstvennogo", "na_rassmotrenii"), encoding="utf-8"
    )
    assert (await load_profile(db, tmp_path / "gov", clock)).closed == {"status": 1}
    appeal = await appeals.fire(clerk, appeal.id, "k_otvetstvennomu", 1, MoveForm(to_user_id=officer.id))
    assert appeal.status.title == "В работе"
    order = MoveForm(comment="Засыпать", due_at=clock.now() + timedelta(days=20))
    appeal = await appeals.fire(officer, appeal.id, "rezolyutsiya", appeal.version, order)
    assert appeal.status.title == "Отложено"


async def test_another_profile_takes_the_place_of_the_first(db: Database, clock: FakeClock) -> None:
    """One process counts at a time; both are kept as versions, and the first can come back."""
    await load_profile(db, "oms", clock, comment="first")
    clock.advance(timedelta(minutes=1))
    loaded = await load_profile(db, GOV, clock, comment="second")
    assert (loaded.closed["topic"], loaded.closed["status"]) == (67, 9)
    clock.advance(timedelta(minutes=1))
    await load_profile(db, "oms", clock, comment="back again")
    async with db.begin() as session:
        versions = await history(session)
        kept = await content(session, versions[0].id)
    assert [(one.name, one.comment, one.current) for one in versions] == [
        ("gov", "second", False),
        ("oms", "first", True),
    ]
    assert [row["code"] for row in kept["status"]] == ["u_otvetstvennogo", "u_ispolnitelya", "ispolneno"]


def status_comparisons(code: str) -> list[str]:
    """Every place where a status is compared with a word."""
    found = []
    for node in ast.walk(ast.parse(code)):
        if isinstance(node, ast.Compare):
            sides = [node.left, *node.comparators]
            names = [ast.unparse(side) for side in sides]
            literal = any(
                isinstance(one, ast.Constant) and isinstance(one.value, str) for side in sides for one in ast.walk(side)
            )
            if literal and any(re.search(r"status(_code|\.code)\b", name) for name in names):
                found.append(ast.unparse(node))
    return found


def test_no_status_name_is_in_code() -> None:
    """Domain 2.1: only phases are compared. Codes that are also the name of a phase or folder cannot be told apart."""
    words = {phase.value for phase in Phase} | {row["code"] for row in read_profile("oms")["folder"]}
    codes = {row["code"] for row in read_profile("oms")["status"]} - words
    assert codes >= {"deferred", "consultation_given"}
    files = [
        *ROOT.glob("hotline/**/*.py"),
        *ROOT.glob("hotline/web/templates/**/*.html"),
        *ROOT.glob("frontend/src/**/*.ts"),
    ]
    assert len(files) > 200
    quoted = re.compile("|".join(rf"""["']{code}["']""" for code in sorted(codes - {"extension"})))
    named = {
        str(path.relative_to(ROOT)): found
        for path in files
        if (found := quoted.findall(path.read_text(encoding="utf-8")))
    }
    assert named == {}
    python = [path for path in files if path.suffix == ".py"]
    compared = {
        str(path.relative_to(ROOT)): found
        for path in python
        if (found := status_comparisons(path.read_text(encoding="utf-8")))
    }
    assert compared == {}
    assert status_comparisons("row.status_code == 'closed'") != []


def test_renaming_every_status_changes_nothing_but_the_names() -> None:
    """The same process under other names allows the same moves."""
    oms = read_profile("oms")
    renamed = {
        **oms,
        "status": [{**row, "code": f"x_{row['code']}"} for row in oms["status"]],
        "transition": [
            {
                **row,
                "to": row["to"] if row["to"].startswith("@") else f"x_{row['to']}",
                "from_status": [f"x_{code}" for code in row.get("from_status", [])],
            }
            for row in oms["transition"]
        ],
    }
    before, after = build(oms), build(renamed)
    assert [one.code for one in before.transitions] == [one.code for one in after.transitions]
    assert {f"x_{code}" for code in before.statuses} == set(after.statuses)
