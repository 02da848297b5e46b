"""Catalogues of translations, and the tools that keep them complete.

``python -m hotline.web.locale`` compiles them; ``python -m hotline.web.locale update`` first collects the messages of
templates, Python and the front-end's scripts into the ``.po`` files, keeping every translation.
"""

from __future__ import annotations

import io
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

from babel.messages.catalog import Catalog
from babel.messages.extract import extract
from babel.messages.pofile import write_po

from hotline.web.i18n import DOMAIN, LANGUAGES, LOCALE_DIR, compile_catalogue, read_catalogue

ROOT = Path(__file__).parents[3]
"""The source tree; translations are collected there, never in an installed package."""

EPOCH = datetime(2026, 11, 22, tzinfo=UTC)

KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "mark": None, "t": None}
_SOURCES = (
    ("hotline/web", "*.py", "python"),
    ("hotline/web/templates", "*.html", "jinja2.ext:babel_extract"),
    ("frontend/src", "*.ts", "javascript"),
)


def found_messages() -> Iterator[tuple[str, int, str | tuple[str, ...]]]:
    """Yield file (relative to the source tree), line and message of every text that people see."""
    for folder, pattern, method in _SOURCES:
        for path in sorted((ROOT / folder).rglob(pattern)):
            source = io.BytesIO(path.read_bytes())
            options = {"encoding": "utf-8", "trimmed": "true"}
            for line, message, _, _ in extract(method, source, KEYWORDS, options=options):
                yield path.relative_to(ROOT).as_posix(), line, message


def template_catalogue() -> Catalog:
    """Return the catalogue of all messages, untranslated. Lines are left out: they would change with every edit."""
    catalogue = Catalog(project="Hotline", domain=DOMAIN, charset="utf-8", fuzzy=False)
    for path, _, message in found_messages():
        catalogue.add(message, locations=[(path, 0)])
    return catalogue


def update(language: str, template: Catalog) -> None:
    """Bring one ``.po`` file up to date: new messages in, vanished ones out, translations kept."""
    path = LOCALE_DIR / language / "LC_MESSAGES" / f"{DOMAIN}.po"
    catalogue = (
        read_catalogue(language) if path.exists() else Catalog(locale=language, domain=DOMAIN, project="Hotline")
    )
    catalogue.update(template, no_fuzzy_matching=True)
    catalogue.obsolete.clear()
    catalogue.header_comment = (
        f'# Hotline in the language "{language}". Collected by: python -m hotline.web.locale update'
    )
    catalogue.fuzzy = False
    # No time of the last run: two people who update would always be in conflict.
    catalogue.creation_date = catalogue.revision_date = EPOCH
    catalogue.last_translator, catalogue.language_team = "Hotline", language
    catalogue.copyright_holder, catalogue.msgid_bugs_address = "Hotline", ""
    path.parent.mkdir(parents=True, exist_ok=True)
    with path.open("wb") as target:
        write_po(target, catalogue, width=110, sort_output=True, include_lineno=False, omit_header=False)


def compile_all() -> None:
    """Compile what is newer than its compiled form."""
    for language in LANGUAGES:
        compile_catalogue(language)
