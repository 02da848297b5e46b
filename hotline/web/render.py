"""Pages: one template, answered whole or, when htmx asks, as the work area only."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from pathlib import Path
from typing import Any

from aiohttp import web
from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from hotline.errors import HotlineError
from hotline.web import i18n
from hotline.web.access import opens
from hotline.web.assets import Assets
from hotline.web.context import is_fragment, request_id_of, services, session_of, style_nonce
from hotline.web.failures import failure_of
from hotline.web.shell import shell_context

TEMPLATES = Path(__file__).parent / "templates"
ENVIRONMENT: web.AppKey[Environment] = web.AppKey("templates", Environment)
LANGUAGE_TITLES = (("ru", "Русский"), ("en", "English"))


@cache
def make_environment() -> Environment:
    """Return the template environment of this process: everything escaped, every misspelt name an error."""
    environment = Environment(
        loader=FileSystemLoader(TEMPLATES),
        autoescape=select_autoescape(default=True, default_for_string=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    # The extension adds these methods at run time; its stub knows nothing of them.
    environment.install_gettext_callables(i18n.gettext, i18n.ngettext, newstyle=True)  # type: ignore[attr-defined]
    environment.globals["asset"] = Assets().url
    environment.filters.update(
        datetime=i18n.show_datetime,
        date=i18n.show_date,
        time=i18n.show_time,
        duration=i18n.show_duration,
        number=i18n.show_number,
        iso=i18n.iso,
        initials=i18n.initials,
    )
    return environment


def warm_up(environment: Environment) -> None:
    """Compile every template and catalogue now: together most of a second, for which the first ringing card would wait.

    May run in a thread.
    """
    for name in environment.list_templates(extensions=["html"]):
        environment.get_template(name)
    for language, _ in LANGUAGE_TITLES:
        i18n.translations(language)
        i18n.script_catalogue(language)
    i18n.group_digits("+74950000000")  # reads the numbering plan


def base_context(request: web.Request) -> dict[str, Any]:
    """Return what every template may use, logged in or not."""
    reader = i18n.current()
    session = session_of(request)
    return {
        "reader": reader,
        "languages": LANGUAGE_TITLES,
        # Made by json.dumps with "<" escaped: safe inside its <script type="application/json">.
        "script_catalogue": Markup(i18n.script_catalogue(reader.language)),  # noqa: S704
        "request_id": request_id_of(request),
        "style_nonce": style_nonce(request),
        "private_fields": services(request).settings.private_fields,
        "csrf": session.csrf if session else "",
        "user": session.user if session else None,
        "opens": lambda address: session is not None and opens(session.user, address),
        "errors": {},
    }


def render_text(request: web.Request, template: str, context: Mapping[str, Any]) -> str:
    """Render a template with :func:`base_context` and ``context``."""
    return request.app[ENVIRONMENT].get_template(template).render({**base_context(request), **context})


def html(text: str, *, status: int = 200) -> web.Response:
    """Answer with HTML. The same address has two forms, so caches must look at the header that chooses."""
    return web.Response(text=text, content_type="text/html", status=status, headers={"Vary": "HX-Request, Cookie"})


def fragment(request: web.Request, template: str, context: Mapping[str, Any]) -> web.Response:
    """Answer with a piece of a page."""
    return html(render_text(request, template, context))


async def page(
    request: web.Request, template: str, context: Mapping[str, Any], *, section: str = "", status: int = 200
) -> web.Response:
    """Answer with a page of the desk: the whole shell, or only the work area when htmx asks."""
    if is_fragment(request):
        return html(render_text(request, template, {"layout": "layouts/fragment.html", **context}), status=status)
    shell = await shell_context(services(request), i18n_user(request))
    text = render_text(request, template, {"layout": "layouts/shell.html", "section": section, **shell, **context})
    return html(text, status=status)


def i18n_user(request: web.Request) -> Any:
    """Return the user whose shell is drawn."""
    session = session_of(request)
    if session is None:
        msg = "a page of the desk needs a session"
        raise LookupError(msg)
    return session.user


def failure_page(request: web.Request, error: HotlineError) -> web.Response:
    """Answer an error as a page. It needs no service: the reason may be that none answers."""
    context = {"failure": failure_of(error)}
    template = "includes/failure.html" if is_fragment(request) else "pages/error_plain.html"
    return html(render_text(request, template, context), status=error.status)
