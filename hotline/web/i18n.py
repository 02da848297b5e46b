"""Languages of the pages: which one a reader gets, gettext lookups, and dates in the organisation's time zone.

Message ids are English; ``locale/<language>/LC_MESSAGES/hotline.po`` are the catalogues (GNU gettext format), compiled
to ``.mo`` by ``python -m hotline.web.locale``. The language of the request being served lives in a context variable,
so that templates, views and error texts need not pass it around.
"""

from __future__ import annotations

import gettext as gnu
import json
import os
from collections.abc import Iterable
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime
from functools import cache, lru_cache
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import phonenumbers
from babel import Locale, UnknownLocaleError
from babel.core import negotiate_locale
from babel.dates import format_date, format_datetime, format_time
from babel.messages.catalog import Catalog
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.numbers import format_decimal

if TYPE_CHECKING:
    from collections.abc import Iterator

LOCALE_DIR = Path(__file__).parent / "locale"
DOMAIN = "hotline"
LANGUAGES = ("ru", "en")
LANGUAGE_COOKIE = "hotline_language"


@dataclass(frozen=True, slots=True)
class Reader:
    """For whom a text is being made: language, its formatting rules and the organisation's time zone."""

    language: str
    locale: Locale
    zone: ZoneInfo
    texts: gnu.NullTranslations


_reader: ContextVar[Reader] = ContextVar("reader")


def compile_catalogue(language: str) -> Path:
    """Compile one catalogue when its ``.mo`` is missing or older than the ``.po``; return the ``.mo``.

    :raises FileNotFoundError: there is no such catalogue.
    :raises OSError: the folder cannot be written.
    """
    source = LOCALE_DIR / language / "LC_MESSAGES" / f"{DOMAIN}.po"
    target = source.with_suffix(".mo")
    if target.exists() and target.stat().st_mtime >= source.stat().st_mtime:
        return target
    # Written aside and renamed: two processes starting at once must not read half a file.
    unfinished = target.with_suffix(f".{os.getpid()}.new")
    unfinished.write_bytes(_compiled(language))
    return unfinished.replace(target)


def _compiled(language: str) -> bytes:
    compiled = BytesIO()
    write_mo(compiled, read_catalogue(language))
    return compiled.getvalue()


def read_catalogue(language: str) -> Catalog:
    """Read one ``.po`` file.

    :raises FileNotFoundError: there is no such catalogue.
    """
    with (LOCALE_DIR / language / "LC_MESSAGES" / f"{DOMAIN}.po").open("rb") as po:
        return read_po(po, locale=language, domain=DOMAIN)


@cache
def translations(language: str) -> gnu.NullTranslations:
    """Return the compiled catalogue of ``language``; the message ids themselves where it has none."""
    try:
        return gnu.GNUTranslations(BytesIO(compile_catalogue(language).read_bytes()))
    except FileNotFoundError:
        return gnu.NullTranslations()
    except OSError:  # an installed, read-only package: compiled in memory, as often as the process starts
        return gnu.GNUTranslations(BytesIO(_compiled(language)))


@cache
def script_catalogue(language: str) -> str:
    """Return what the scripts of the page say, as JSON: ``{"lang": …, "messages": {id: text}}``.

    Only messages that the catalogue locates under ``frontend/`` are included. ``<`` is escaped, because the JSON
    stands inside a ``<script>`` element of the page.
    """
    messages = {
        message.id: message.string
        for message in read_catalogue(language)
        if isinstance(message.id, str)
        and message.id
        and message.string
        and any(path.startswith("frontend/") for path, _ in message.locations)
    }
    return json.dumps({"lang": language, "messages": messages}, ensure_ascii=False).replace("<", "\\u003c")


def choose_language(chosen: str | None, accepted: str | None, default: str) -> str:
    """Pick a language: the user's own choice, then the installation's ``default``.

    When ``default`` is ``auto`` the browser's ``Accept-Language`` (RFC 9110 section 12.5.4) decides. A Russian fund
    sets ``ru``: many of its browsers were installed in English, which says nothing about their users.
    """
    if chosen in LANGUAGES:
        return chosen
    if default in LANGUAGES:
        return default
    found = negotiate_locale(_by_preference(accepted or ""), LANGUAGES, sep="-")
    return found or LANGUAGES[0]


def _by_preference(header: str) -> list[str]:
    """Order the tags of an ``Accept-Language`` header by quality; malformed parts are left out."""
    weighed: list[tuple[float, str]] = []
    for part in header.split(",")[:20]:
        tag, _, parameter = part.strip().partition(";")
        try:
            quality = float(parameter.strip().removeprefix("q=") or "1")
        except ValueError:
            continue
        if tag and quality > 0:
            weighed.append((quality, tag.partition("-")[0].lower()))
    return [tag for _, tag in sorted(weighed, key=lambda pair: -pair[0])]


def make_reader(language: str, zone: ZoneInfo) -> Reader:
    """Return the reader of ``language``, an unknown one being read as the default language."""
    try:
        locale = Locale.parse(language)
    except (UnknownLocaleError, ValueError):
        language = LANGUAGES[0]
        locale = Locale.parse(language)
    return Reader(language, locale, zone, translations(language))


def in_zone(zone: ZoneInfo) -> Reader:
    """Return the current reader with the time zone of his organisation."""
    return replace(current(), zone=zone)


@contextmanager
def reading(reader: Reader) -> Iterator[Reader]:
    """Let every text made inside the block be for ``reader``."""
    token = _reader.set(reader)
    try:
        yield reader
    finally:
        _reader.reset(token)


def current() -> Reader:
    """Return whom texts are being made for; outside a request, a reader of the default language in UTC."""
    found = _reader.get(None)
    return found if found is not None else make_reader(LANGUAGES[0], ZoneInfo("UTC"))


def gettext(message: str) -> str:
    """Translate ``message`` (an English message id) for the current reader."""
    return current().texts.gettext(message) if message else ""


def ngettext(singular: str, plural: str, number: int) -> str:
    """Translate a message whose form depends on ``number`` (Russian has three forms)."""
    return current().texts.ngettext(singular, plural, number)


def mark(message: str) -> str:
    """Mark a message for extraction without translating it now; the reader gets it by :func:`gettext` later."""
    return message


def local_time(moment: datetime) -> datetime:
    """Return an aware UTC moment in the organisation's zone (domain rule 2.5 h)."""
    return moment.astimezone(current().zone)


def show_datetime(moment: datetime | None) -> str:
    """Format a moment as the organisation reads it, to the minute; an absent one as a dash."""
    if moment is None:
        return "—"
    reader = current()
    return format_datetime(moment, "short", tzinfo=reader.zone, locale=reader.locale).replace("\u202f", " ")


def show_date(day: date | datetime | None) -> str:
    """Format a day; an absent one as a dash."""
    if day is None:
        return "—"
    if isinstance(day, datetime):
        day = local_time(day).date()
    return format_date(day, "short" if current().language == "ru" else "medium", locale=current().locale)


def show_time(moment: datetime | None) -> str:
    """Format the time of day, to the minute; an absent one as a dash."""
    if moment is None:
        return "—"
    reader = current()
    return format_time(moment, "short", tzinfo=reader.zone, locale=reader.locale).replace("\u202f", " ")


def show_duration(seconds: float | None) -> str:
    """Format seconds as ``m:ss`` or ``h:mm:ss``; an absent value as a dash."""
    if seconds is None:
        return "—"
    minutes, rest = divmod(int(max(0.0, seconds)), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours}:{minutes:02}:{rest:02}" if hours else f"{minutes}:{rest:02}"


def show_decimal(value: float, places: int) -> str:
    """Format a number with as many places, with the decimal sign of the language."""
    return format_decimal(value, "0." + "0" * places if places else "0", locale=current().locale)


def iso(moment: datetime | None) -> str:
    """Return ISO 8601 in UTC, for ``datetime`` attributes; empty when absent."""
    return "" if moment is None else moment.astimezone(UTC).isoformat().replace("+00:00", "Z")


def show_number(number: str | None) -> str:
    """Format a telephone number for reading: international numbers grouped, internal ones as they are."""
    if not number:
        return gettext("Hidden number")
    return group_digits(number)


@lru_cache(maxsize=4096)
def group_digits(number: str) -> str:
    """Group a number's digits by the habits of its country (E.164); leave what is no public number untouched."""
    if len(number) < 7:
        return number
    try:
        parsed = phonenumbers.parse(number, "RU")
    except phonenumbers.NumberParseException:
        return number
    if not phonenumbers.is_possible_number(parsed):
        return number
    return phonenumbers.format_number(parsed, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def initials(parts: Iterable[str]) -> str:
    """Return the first letters of the words in ``parts``, for an avatar."""
    return "".join(part[0].upper() for part in parts if part)[:2]
