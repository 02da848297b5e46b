"""Languages, dates, numbers and telephone numbers as people read them."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from zoneinfo import ZoneInfo

import pytest

from hotline.web import i18n

MOMENT = datetime(2026, 11, 20, 21, 5, 9, tzinfo=UTC)
RU = i18n.make_reader("ru", ZoneInfo("Europe/Moscow"))
EN = i18n.make_reader("en", ZoneInfo("Europe/Moscow"))


@pytest.mark.parametrize(
    ("chosen", "accepted", "default", "expected"),
    [
        pytest.param("en", "ru", "ru", "en", id="own choice wins"),
        pytest.param(None, "en-US,en;q=0.9", "ru", "ru", id="the installation decides, not the browser"),
        pytest.param("xx", None, "en", "en", id="unknown choice is ignored"),
        pytest.param(None, "en-US,en;q=0.9,ru;q=0.8", "auto", "en", id="auto takes the browser's first"),
        pytest.param(None, "de, ru;q=0.5, en;q=0.9", "auto", "en", id="auto weighs quality"),
        pytest.param(None, "de", "auto", "ru", id="nothing fits"),
        pytest.param(None, "en;q=x,;;,ru;q=0.1", "auto", "ru", id="malformed parts are left out"),
        pytest.param(None, None, "auto", "ru", id="no header"),
    ],
)
def test_choose_language(chosen: str | None, accepted: str | None, default: str, expected: str) -> None:
    assert i18n.choose_language(chosen, accepted, default) == expected


def test_a_moment_is_shown_in_the_organisations_zone() -> None:
    with i18n.reading(RU):
        assert i18n.show_datetime(MOMENT) == "21.11.2026, 00:05"
        assert i18n.show_time(MOMENT) == "00:05"
        assert i18n.show_date(MOMENT) == "21.11.2026"
    with i18n.reading(EN):
        assert i18n.show_date(date(2026, 11, 20)) == "Nov 20, 2026"


def test_absent_values_are_dashes() -> None:
    with i18n.reading(RU):
        assert [i18n.show_datetime(None), i18n.show_date(None), i18n.show_time(None), i18n.show_duration(None)] == [
            "—"
        ] * 4
        assert i18n.iso(None) == ""


@pytest.mark.parametrize(
    ("seconds", "shown"), [(0, "0:00"), (9.9, "0:09"), (61, "1:01"), (3600, "1:00:00"), (-5, "0:00")]
)
def test_duration(seconds: float, shown: str) -> None:
    assert i18n.show_duration(seconds) == shown


@pytest.mark.parametrize(
    ("number", "shown"),
    [
        ("+79280001122", "+7 928 000-11-22"),
        ("89280001122", "+7 928 000-11-22"),
        ("101", "101"),
        ("*43", "*43"),
        ("anonymous", "anonymous"),
        ("+999999999999999999", "+999999999999999999"),
    ],
)
def test_telephone_numbers_are_grouped(number: str, shown: str) -> None:
    assert i18n.group_digits(number) == shown


def test_a_withheld_number_has_words() -> None:
    with i18n.reading(RU):
        assert i18n.show_number(None) == "Номер скрыт"


@pytest.mark.parametrize(
    ("count", "word"), [(1, "1 открытое обращение"), (3, "3 открытых обращения"), (11, "11 открытых обращений")]
)
def test_russian_plural_forms(count: int, word: str) -> None:
    with i18n.reading(RU):
        form = i18n.ngettext("%(num)s open appeal", "%(num)s open appeals", count)
    assert form % {"num": count} == word


def test_the_reader_is_restored() -> None:
    with i18n.reading(EN):
        with i18n.reading(RU):
            assert i18n.gettext("Journal") == "Журнал"
        assert i18n.gettext("Journal") == "Journal"


def test_the_empty_message_is_not_the_catalogues_header() -> None:
    with i18n.reading(RU):
        assert i18n.gettext("") == ""


def test_the_scripts_catalogue_is_safe_inside_a_script_element() -> None:
    text = i18n.script_catalogue("ru")
    catalogue = json.loads(text)
    assert "<" not in text
    assert catalogue["lang"] == "ru"
    assert catalogue["messages"]["Not active"] == "Не активен"
    assert "Log in to the desk" not in catalogue["messages"]  # only templates say this


def test_a_missing_compiled_catalogue_is_compiled_again() -> None:
    source = i18n.LOCALE_DIR / "ru" / "LC_MESSAGES" / "hotline.po"
    compiled = i18n.compile_catalogue("ru")
    assert compiled.stat().st_mtime >= source.stat().st_mtime
    compiled.unlink()
    assert i18n.compile_catalogue("ru").exists()


def test_an_unknown_language_reads_as_the_default() -> None:
    assert i18n.make_reader("!!", ZoneInfo("UTC")).language == "ru"
