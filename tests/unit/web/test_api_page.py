"""docs/api.md knows every address of the application, and no other."""

from __future__ import annotations

import re
from pathlib import Path

from aiohttp import web

from hotline.web.routes import add_routes

PAGE = Path(__file__).parents[3] / "docs" / "api.md"
NAMED = re.compile(r"`(GET|POST|PUT|DELETE) (/[^`?\s\[]*)")


def addresses() -> set[tuple[str, str]]:
    """What the application answers, as the page writes it: ``/appeals/{id}``."""
    app = web.Application()
    add_routes(app)
    found = {(route.method, route.resource.canonical) for route in app.router.routes() if route.resource is not None}
    return {(method, path) for method, path in found if method != "HEAD"}


def test_the_page_names_every_address() -> None:
    named = set(NAMED.findall(PAGE.read_text(encoding="utf-8")))
    assert addresses() - named == set()


def test_the_page_names_nothing_else() -> None:
    named = {(method, path) for method, path in NAMED.findall(PAGE.read_text(encoding="utf-8")) if "…" not in path}
    assert named - addresses() == set()
