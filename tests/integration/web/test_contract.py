"""The running service keeps to the document that it publishes (issue 6: "schemathesis against the published OpenAPI").

Derandomised and bounded: the same requests in every run. A longer run by hand is in docs/integrations.md.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
import requests
import schemathesis
from hypothesis import HealthCheck, Phase, given, settings
from schemathesis import APIOperation, Case, GenerationMode
from schemathesis.specs.openapi.checks import positive_data_acceptance

from hotline.clock import FakeClock
from hotline.stand.postgres import PrivateCluster
from hotline.web.v1.document import document, plain
from hotline.web.v1.table import OPERATIONS
from tests.integration.web.conftest import NOW, Site, copied, ended_call, served
from tests.integration.web.tokens import ask, token_of

EXAMPLES = 8
"""Of each kind, for each operation."""
SCHEMA = schemathesis.openapi.from_dict(document())
OPERATION_NAMES = [f"{one.method} {plain(one.path)}" for one in OPERATIONS]


@pytest.fixture(scope="module")
async def open_site(
    pg_cluster: PrivateCluster, web_template: str, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[tuple[Site, str]]:
    """A service of this module's own with something in it, and a token that opens everything."""
    folder = tmp_path_factory.mktemp("contract")
    # The clock of this test stands still: nobody would ever be let through again.
    pace = {"api_per_minute": 100_000}
    async with (
        copied(pg_cluster, web_template) as database,
        served(database, FakeClock(NOW), folder, pace) as site,
    ):
        token = await token_of(site, "admin")
        await site.services.calls.record(ended_call(recorded=True))
        yield site, token


def operation_status(name: str) -> int:
    """Return the status with which an operation succeeds."""
    return next(one.status for one in OPERATIONS if f"{one.method} {plain(one.path)}" == name)


def operation(name: str) -> APIOperation[Any, Any, Any, Any]:
    """Return an operation of the document by method and address."""
    method, path = name.split()
    found: APIOperation[Any, Any, Any, Any] = SCHEMA[path][method]
    return found


KNOWN_CODES = {"type": "2", "topic": "2.01", "channel": "K01", "source": "I01"}
TRIGGERS = ("remark", "close", "forward", "defer", "reassign", "ask_extension", "final_close", "delete", "restore")


def known(case: Case[Any], call_key: str, ids: Sequence[int], turn: int, etag: Callable[[int], str]) -> None:
    """Let a request name what there is: most of what a type allows is refused by the first list that is looked at."""
    body: Any = case.body
    parts = case.path_parameters
    if isinstance(body, dict) and "content" in body:
        body.update(KNOWN_CODES, call_key=call_key if body.get("call_key") else "")
        for who in filter(None, (body.setdefault("applicant", {}), body.get("insured"))):
            who.update(last_name="Иванова", first_name="Мария")
        body["applicant"].update(last_name="Иванова", first_name="Мария")
    if "id" in parts:
        parts["id"] = ids[turn % len(ids)]
    if "key" in parts:
        parts["key"] = call_key
    if "trigger" in parts:
        parts["trigger"] = TRIGGERS[turn % len(TRIGGERS)]
        case.headers["If-Match"] = etag(parts["id"])
        body["comment"] = body.get("comment") or "к сведению"


def hold(name: str, mode: GenerationMode, site: Site, token: str, *, ids: Sequence[int] = ()) -> Counter[int]:
    """Ask as the document says, or on purpose otherwise, compare what comes back with it, count the answers."""
    one = operation(name)
    statuses: Counter[int] = Counter()
    shown = {"Authorization": f"Bearer {token}"}

    def etag(appeal_id: int) -> str:
        seen = session.get(f"{site.url}/api/v1/appeals/{appeal_id}", headers=shown)
        return str(seen.headers["ETag"])

    # What the document's types allow may still be refused by a rule, such as a code that no classifier has.
    @settings(
        max_examples=EXAMPLES,
        derandomize=True,
        database=None,
        deadline=None,
        phases=[Phase.generate],
        suppress_health_check=list(HealthCheck),
    )
    @given(case=one.as_strategy(generation_mode=mode))
    def ask_it(case: Case[Any]) -> None:
        if ids:
            known(case, ended_call().key, ids, statuses.total(), etag)
        answer = case.call_and_validate(
            base_url=site.url,
            session=session,
            headers=shown,
            excluded_checks=[positive_data_acceptance],
        )
        statuses[answer.status_code] += 1

    with requests.Session() as session:
        session.trust_env = False
        ask_it()
    return statuses


@pytest.mark.parametrize("mode", [GenerationMode.POSITIVE, GenerationMode.NEGATIVE], ids=str)
@pytest.mark.parametrize("name", OPERATION_NAMES)
async def test_an_operation_answers_as_the_document_says(
    open_site: tuple[Site, str], name: str, mode: GenerationMode
) -> None:
    """Issue 6: no 5xx, every answer of its type, what is not agreed is refused, nothing opens without a token."""
    site, token = open_site
    await asyncio.to_thread(hold, name, mode, site, token)


@pytest.mark.parametrize("name", [name for name in OPERATION_NAMES if "{" in name or name == "POST /api/v1/appeals"])
async def test_an_operation_on_what_there_is_answers_as_the_document_says(
    open_site: tuple[Site, str], name: str
) -> None:
    """Issue 6: behind the first list there are rules, dossiers, moves and the database."""
    site, token = open_site
    ids = []
    async with site.visit() as browser:
        for number in (1, 2):
            body = {**KNOWN_CODES, "content": "Как получить полис?", "anonymous": True}
            made = await ask(browser, token, "POST", "/api/v1/appeals", body, Idempotency_Key=f"known-{number}")
            assert made.status == 201, made.text
            ids.append(made.json()["id"])
    statuses = await asyncio.to_thread(hold, name, GenerationMode.POSITIVE, site, token, ids=ids)
    assert statuses[operation_status(name)] > 0, statuses  # else nothing but refusals was seen


async def test_the_document_is_what_is_published_and_is_whole(shared_site: Site) -> None:
    """OpenAPI 3.1: everybody may read it; every reference in it leads somewhere."""
    async with shared_site.visit() as browser:
        answer = await ask(browser, None, "GET", "/api/v1/openapi.json")
    assert answer.status == 200
    assert answer.json() == document()
    assert {name.split()[1] for name in OPERATION_NAMES} == set(answer.json()["paths"])
    named = set(answer.json()["components"]["schemas"])
    told = answer.text
    used = {part.split('"')[0] for part in told.split("#/components/schemas/")[1:]}
    assert used == named


def test_the_guide_names_every_operation() -> None:
    """docs/integrations.md is what an integrator reads first."""
    page = (Path(__file__).parents[3] / "docs" / "integrations.md").read_text(encoding="utf-8")
    assert [name for name in OPERATION_NAMES if name.split()[1] not in page] == []
