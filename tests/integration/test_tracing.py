"""The tracing hook: what spans there are, whose children, and that nobody pays who does not trace (issue 6)."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, nullcontext
from contextvars import ContextVar
from dataclasses import dataclass, field

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError

from hotline import tracing
from hotline.db import Database
from hotline.errors import BadInput
from hotline.events import Bus

_current: ContextVar[str] = ContextVar("current", default="")


@dataclass
class Recorded:
    name: str
    parent: str
    attributes: Mapping[str, str]
    ended: bool = False

    def end(self) -> None:
        assert not self.ended
        self.ended = True


@dataclass
class Recorder:
    """A tracer with the two methods of OpenTelemetry's that we use."""

    spans: list[Recorded] = field(default_factory=list)

    def start_span(self, name: str, *, attributes: Mapping[str, str]) -> Recorded:
        self.spans.append(Recorded(name, _current.get(), attributes))
        return self.spans[-1]

    @contextmanager
    def start_as_current_span(self, name: str, *, attributes: Mapping[str, str]) -> Iterator[Recorded]:
        begun = self.start_span(name, attributes=attributes)
        token = _current.set(name)
        try:
            yield begun
        finally:
            _current.reset(token)
            begun.end()


@pytest.fixture
def recorder() -> Iterator[Recorder]:
    made = Recorder()
    tracing.install(made)
    yield made
    tracing.install(None)


@dataclass(frozen=True)
class Fact:
    person: str


async def test_a_fact_and_its_statements(own_db: Database, recorder: Recorder) -> None:
    """Statements are children of what ran them, failed ones end too, and no value is in any span."""

    async def handle(fact: Fact) -> None:
        async with own_db.begin() as session:
            await session.execute(text("SELECT CAST(:name AS text)"), {"name": fact.person})
        with pytest.raises(DBAPIError):
            async with own_db.begin() as session:
                await session.execute(text("SELECT 1 / CAST(:zero AS int)"), {"zero": 0})

    bus = Bus()
    bus.subscribe(Fact, handler=handle, name="test")
    bus.publish(Fact("Незабудкина"))
    async with asyncio.timeout(30):
        await bus.drain()
    await bus.close()
    assert bus.subscriptions == ()
    (fact,) = [span for span in recorder.spans if span.name == "fact test"]
    statements = [span for span in recorder.spans if span.parent == "fact test"]
    assert [span.name for span in statements if span.name == "SQL SELECT"] == ["SQL SELECT"] * len(statements)
    assert len(statements) >= 2
    assert all(span.ended for span in recorder.spans)
    assert fact.attributes == {"fact": "Fact"}
    assert "Незабудкина" not in json.dumps([dict(span.attributes) for span in recorder.spans], ensure_ascii=False)


async def test_whoever_does_not_trace_has_no_spans_and_no_hooks(own_db: Database, recorder: Recorder) -> None:
    tracing.install(None)
    assert isinstance(tracing.span("anything", request="1"), nullcontext)
    async with own_db.begin() as session:
        await session.execute(text("SELECT 1"))
    assert recorder.spans == []


@pytest.mark.parametrize("where", ["hotline.nowhere:tracer", "hotline.tracing:nothing", "builtins:dict"])
def test_a_wrong_function_is_told(where: str) -> None:
    with pytest.raises(BadInput, match="HOTLINE_TRACING"):
        tracing.load(where)
