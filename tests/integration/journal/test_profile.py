"""Loading profiles, the lists they make, and the commands (S000-29…S000-44, S001-050…S001-053, DAY-44)."""

from __future__ import annotations

import asyncio
import tomllib
from datetime import date, timedelta
from typing import Any

import pytest
from click.testing import CliRunner
from sqlalchemy import func, select, update

from hotline.cli import main
from hotline.clock import FakeClock
from hotline.db import Database
from hotline.errors import BadInput
from hotline.journal.model import CardDefaults, Form
from hotline.journal.tables_classifier import DeadlineRuleRow, ForwardRuleRow, TopicRow
from hotline.profiles import loader
from hotline.profiles.checks import check
from hotline.profiles.demo import load_demo
from hotline.profiles.loader import load_profile, read_profile
from hotline.staff.tables import RoleRightRow
from tests.integration.journal.world import QUICK, World


async def test_what_oms_holds(db: Database, clock: FakeClock) -> None:
    loaded = await load_profile(db, "oms", clock)
    assert loaded.rows == {
        "status": 9,
        "appeal_type": 5,
        "channel": 13,
        "source": 14,
        "result": 15,
        "topic": 67,
        "disposition": 24,
        "pause_reason": 10,
        "kinship": 20,
        "folder": 8,
        "script": 23,  # the 22 of the starter classifier, and what is said when «112» is pressed (DAY-31)
    }
    assert loaded.closed == {}


async def test_loading_again_changes_nothing_but_what_the_file_changed(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    changed = read_profile("oms")
    changed["topic"] = [row for row in changed["topic"] if row["code"] != "2.18"]
    changed["topic"][0] = {**changed["topic"][0], "title": "Новое название"}
    changed["deadline"] = changed["deadline"][:2]
    changed["role"] = [{**row, "allow": row["allow"][:1]} if row["code"] == "op1" else row for row in changed["role"]]
    async with world.db.begin() as session:
        session.add(TopicRow(code="9.01", title="Своя тема", type_code="2"))
    assert (await load_profile(world.db, "oms", world.clock)).closed == {}
    monkeypatch.setattr(loader, "read_profile", lambda _name: changed)
    assert (await load_profile(world.db, "oms", world.clock)).closed == {"topic": 1}
    codes = {topic.code: topic.title for topic in await world.journal.classifier.topics("")}
    assert "2.18" not in codes
    assert codes["9.01"] == "Своя тема"
    assert codes["1.01"] == "Новое название"
    async with world.db.begin() as session:
        closed = await session.get(TopicRow, "2.18")
        assert closed is not None
        assert closed.valid_to == date(2026, 11, 20)
        rights = await session.scalar(
            select(func.count()).select_from(RoleRightRow).where(RoleRightRow.role_code == "op1")
        )
        rules = await session.scalar(select(func.count()).select_from(DeadlineRuleRow).where(DeadlineRuleRow.active))
        assert (rights, rules) == (1, 2)
    monkeypatch.undo()
    await load_profile(world.db, "oms", world.clock)
    assert "2.18" in {topic.code for topic in await world.journal.classifier.topics("2")}
    async with world.db.begin() as session:
        assert await session.scalar(select(func.count()).select_from(ForwardRuleRow)) == 11


async def test_demo_people_can_be_loaded_again(world: World) -> None:
    logins = await load_demo(world.db, clock=world.clock, hasher=QUICK)
    assert {login.extension for login in logins} == {"101", "102", "201", "202", "301", "401", "501", "502"}
    session = await world.staff.log_in("op101", logins[0].password, ip="10.0.0.1")
    assert session.user == world.people["op101"]


@pytest.mark.parametrize("name", ["нет", "../oms", "", "loader"])
def test_no_such_profile(name: str) -> None:
    with pytest.raises(BadInput):
        read_profile(name)


@pytest.mark.parametrize(
    ("section", "rows", "problem"),
    [
        pytest.param("status", [{"code": "x", "title": "X", "phase": "nirvana"}], "phase", id="unknown-phase"),
        pytest.param("channel", [{"code": "x", "form": "sung"}], "form", id="unknown-form"),
        pytest.param("topic", [{"code": "x", "type": "99"}], "no such type", id="topic-without-type"),
        pytest.param("source", [{"code": "x"}, {"code": "x"}], "code of its own", id="same-code-twice"),
        pytest.param("kinship", [], "needs rows", id="empty-list"),
        pytest.param("settings", {"numbering": {"pattern": "{org.code}"}}, "{seq}", id="numbers-that-repeat"),
    ],
)
def test_profiles_that_contradict_themselves(section: str, rows: Any, problem: str) -> None:
    found = check({**read_profile("oms"), section: rows})
    assert problem in "; ".join(one.text for one in found if one.section == section)


@pytest.mark.parametrize(
    ("login", "defaults"),
    [
        pytest.param("op101", CardDefaults("2", "K01", "I01"), id="S000-29-op1"),
        pytest.param("sp501", CardDefaults("2", "K01", "I01"), id="S000-29-sp1"),
        pytest.param("op201", CardDefaults("", "K01", "I01"), id="op2"),
        pytest.param("admin", CardDefaults("", "", "I01"), id="admin"),
    ],
)
async def test_defaults_by_role(world: World, login: str, defaults: CardDefaults) -> None:
    assert await world.journal.classifier.defaults(world.people[login]) == defaults


async def test_types_and_channels(world: World) -> None:
    assert [entry.title for entry in await world.journal.classifier.types()] == [
        "Жалоба",
        "Консультация",
        "Заявление",
        "Предложение",
        "Благодарность",
    ]
    channels = {channel.code: channel.form for channel in await world.journal.classifier.channels()}
    assert (channels["K01"], channels["K08"]) == (Form.ORAL, Form.WRITTEN)
    for read in ("sources", "results", "kinships", "pause_reasons"):
        assert await getattr(world.journal.classifier, read)()


@pytest.mark.parametrize(
    ("type_code", "q", "found"),
    [
        pytest.param("1", "деньги больница", ["1.12"], id="keywords"),
        pytest.param("1", "жалобы скорой", [], id="all-words-must-fit"),
        pytest.param("1", "скорую", ["1.19"], id="another-ending"),
        pytest.param("2", "ребёнку", ["2.02"], id="another-ending-of-a-keyword"),
        pytest.param("2", "ЭКО", ["2.18"], id="short-word"),
        pytest.param("1", "1.2", ["1.20", "1.21", "1.22", "1.23", "1.24", "1.25"], id="beginning-of-a-code"),
        pytest.param("5", "", ["5.01", "5.02", "5.03", "5.04"], id="all-of-a-type"),
        pytest.param("2", "скорая", [], id="only-of-the-type"),
    ],
)
async def test_topics(world: World, type_code: str, q: str, found: list[str]) -> None:
    assert [topic.code for topic in await world.journal.classifier.topics(type_code, q)] == found


async def test_scripts_of_a_topic_come_first_the_most_special_one(world: World) -> None:
    codes = [script.code for script in await world.journal.classifier.scripts("2.01")]
    assert codes[:2] == ["SC03", "SC02"]
    assert "SC01" in codes
    assert "SC04" not in codes
    found = [script.code for script in await world.journal.classifier.scripts("", "рентген")]
    assert found == []
    assert "SC16" in [script.code for script in await world.journal.classifier.scripts("2.01", "диспансеризация")]


async def test_lists_hold_what_is_valid_today(world: World) -> None:
    tomorrow = world.clock.now().date() + timedelta(days=1)
    async with world.db.begin() as session:
        await session.execute(update(TopicRow).where(TopicRow.code == "5.01").values(valid_from=tomorrow))
        await session.execute(update(TopicRow).where(TopicRow.code == "5.02").values(valid_to=tomorrow))
        await session.execute(
            update(TopicRow)
            .where(TopicRow.code == "5.03")
            .values(organisation_id=world.people["sp501"].organisation.id)
        )
    topics = world.journal.classifier.topics
    assert [topic.code for topic in await topics("5")] == ["5.02", "5.04"]
    assert [topic.code for topic in await topics("5", "", world.people["sp501"].organisation.id)] == [
        "5.02",
        "5.03",
        "5.04",
    ]
    world.clock.advance(timedelta(days=1))
    assert [topic.code for topic in await topics("5")] == ["5.01", "5.04"]
    with pytest.raises(BadInput) as error:
        await world.save(type="5", topic="5.02")
    assert error.value.details == {"topic": "unknown"}


async def test_commands(own_db_url: str, own_db: Database) -> None:
    """The command line against a real database: each command runs its own event loop, so each gets a thread."""

    async def run(*words: str, answer: str = "", code: int = 0) -> str:
        result = await asyncio.to_thread(
            CliRunner().invoke, main, list(words), env={"HOTLINE_DATABASE_URL": own_db_url}, input=answer
        )
        assert result.exit_code == code, result.output
        return result.output

    assert "0001 -> 0001" in await run("db", "upgrade")
    assert "0001 of 0001" in await run("db", "current")
    assert "topic 67" in await run("profile", "load", "oms")
    assert "in order" in await run("profile", "check")
    await run("profile", "load", "oms", "--comment", "again")
    assert len((await run("profile", "versions")).splitlines()) == 1  # the same content makes no other version
    assert await run("profile", "diff", "oms") == "nothing\n"
    assert tomllib.loads(await run("profile", "export"))["topic"] == read_profile("oms")["topic"]
    assert "+ status u_ispolnitelya" in await run("profile", "diff", "./tests/data/gov")
    assert "no profile" in await run("profile", "load", "nothing", code=1)
    output = await run("user", "demo")
    assert "op101" in output
    assert "admin" in output
    words = ("user", "add", "op103", "--last-name", "Третья", "--first-name", "Инна", "--organisation", "00")
    typed = "длинный пароль\nдлинный пароль\n"
    assert "Третья Инна" in await run(*words, "--role", "op1", "--extension", "103", answer=typed)
    assert "taken" in await run(*words, "--role", "op1", answer=typed, code=1)
    assert "roles: unknown" in await run(*words, "--role", "царь", answer=typed, code=1)
    assert "changed" in await run("user", "password", "op103", answer=typed)
    async with own_db.begin() as session:
        assert await session.scalar(select(func.count()).select_from(TopicRow)) == 67
