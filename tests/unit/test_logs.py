"""What a log line says, and what it must not (issue 6: structured logs with call ids; DAY-29: no personal data)."""

from __future__ import annotations

import asyncio
import json
import logging
from dataclasses import dataclass

import pytest
from click.testing import CliRunner

from hotline.cli import main
from hotline.events import Bus
from hotline.logs import JsonFormatter, TextFormatter, about, call_of, fields_of, masked

KEY = "pbx1-1763791234.17"


def record(text: str, *values: object, **extra: object) -> logging.LogRecord:
    made = logging.makeLogRecord({"name": "hotline.x", "levelname": "INFO", "msg": text, "args": values, **extra})
    made.message = made.getMessage()
    return made


def as_json(made: logging.LogRecord) -> dict[str, object]:
    line = JsonFormatter().format(made)
    assert "\n" not in line
    parsed: dict[str, object] = json.loads(line)
    return parsed


def test_a_line_knows_its_call_request_and_user() -> None:
    with about(request="0123456789abcdef", user="7"), about(call=KEY):
        line = as_json(record("held", ms=3.5))
        text = TextFormatter().format(record("held"))
    assert line.items() >= {
        "message": "held", "call": KEY, "request": "0123456789abcdef", "user": "7", "ms": 3.5, "level": "INFO",
    }.items()  # fmt: skip
    assert text.endswith(f"hotline.x: held [call={KEY} request=0123456789abcdef user=7]")
    assert fields_of(record("held"), "held") == {}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        (f"call {KEY} is over", KEY),
        (f"recording {KEY}: begun anew", KEY),
        (f"/x/{KEY}.opus is not what was sealed", None),
        (f"recordings.store(key='{KEY}')", KEY),
        ("at 1763791234.17 s", None),
        ("version 1.2-3.4", None),
    ],
)
def test_a_line_that_names_a_call_is_about_it(text: str, found: str | None) -> None:
    assert fields_of(record(text), text).get("call") == found


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("no route to +79280001122", "no route to ••••1122"),
        ("caller=89280001122, policy 5012345678901234", "caller=••••1122, policy ••••1234"),
        ("sip:79280001122@trunk", "sip:••••1122@trunk"),
        ("+7 (928) 000-11-22 and 8 928 000-11-22", "••••1-22 and ••••1-22"),
        (f"call {KEY} took 12345 ms", f"call {KEY} took 12345 ms"),
        ("at 1763791234.17 on 2026-11-22 22:30:00,123", "at 1763791234.17 on 2026-11-22 22:30:00,123"),
        ("duplicate key\nDETAIL:  Key (last_name)=(Иванова) exists.", "duplicate key\nDETAIL: (left out)"),
        ("PJSIP/trunk-00000012 0123456789abcdef", "PJSIP/trunk-00000012 0123456789abcdef"),
    ],
)
def test_numbers_of_people_are_masked(text: str, shown: str) -> None:
    assert masked(text) == shown
    assert as_json(record("%s", text))["message"] == shown


def test_the_id_of_a_request_stays_readable_whatever_digits_it_has() -> None:
    with about(request="1234567890123456"):
        assert masked("failed, id=1234567890123456, +79280001122") == "failed, id=1234567890123456, ••••1122"


def fail(text: str) -> None:
    raise ValueError(text)


@pytest.mark.parametrize("formatter", [JsonFormatter(), TextFormatter()], ids=["json", "text"])
def test_a_traceback_is_masked_too(formatter: logging.Formatter) -> None:
    text = "+79280001122 cannot be called\nDETAIL:  Key (phone)=(x)"
    with pytest.raises(ValueError, match="called") as caught:
        fail(text)
    made = record("broke", exc_info=(caught.type, caught.value, caught.tb))
    line = formatter.format(made)
    assert "ValueError" in line
    assert "9280001122" not in line
    assert "phone" not in line


@dataclass(frozen=True)
class Fact:
    call_key: str


@dataclass(frozen=True)
class OfCall:
    call: object


def test_facts_name_their_call() -> None:
    @dataclass(frozen=True)
    class Call:
        key: str

    assert call_of(Fact(KEY)) == KEY
    assert call_of(OfCall(Call(KEY))) == KEY
    assert call_of(OfCall(None)) == ""
    assert call_of(object()) == ""


async def test_whoever_hears_a_fact_writes_about_its_call() -> None:
    """In tasks of their own, and in those that they start; the next fact is about the next call."""
    lines: list[dict[str, object]] = []
    bus = Bus()

    async def later() -> None:
        await asyncio.sleep(0)
        lines.append(as_json(record("later")))

    async def hear(_: object) -> None:
        lines.append(as_json(record("heard")))
        await asyncio.create_task(later())

    bus.subscribe(Fact, int, handler=hear, name="test")
    for fact in (Fact(KEY), 5, Fact("pbx1-2000000000.1")):
        bus.publish(fact)
    await bus.drain()
    await bus.close()
    assert [line.get("call") for line in lines] == [KEY, KEY, None, None, *["pbx1-2000000000.1"] * 2]


def test_a_wrong_format_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HOTLINE_LOG_FORMAT", "xml")
    done = CliRunner().invoke(main, ["db", "current"])
    assert done.exit_code == 2
    assert "must be one of text, json" in done.output
