"""Calibrations: the same conversation scored by several, and how they differ (DAY-37)."""

from __future__ import annotations

from aiohttp import web

from hotline.errors import BadInput
from hotline.web.context import current_user, services
from hotline.web.forms import form_fields, path_id
from hotline.web.quality_words import answer_word, percent_text, verdict
from hotline.web.render import page
from hotline.web.views.admin_forms import ticked, version_of


async def listing(request: web.Request) -> web.StreamResponse:
    """Show the latest."""
    rows = await services(request).calibrations.page(current_user(request))
    return await page(request, "pages/quality_calibrations.html", {"rows": rows}, section="quality")


async def show(request: web.Request) -> web.StreamResponse:
    """Show who is done; when all are, what each of them said."""
    found = await services(request).calibrations.one(current_user(request), path_id(request))
    context = {"one": found, "answer_word": answer_word, "percent_text": percent_text, "verdict": verdict}
    return await page(request, "pages/quality_calibration.html", context, section="quality")


async def begin(request: web.Request) -> web.StreamResponse:
    """Have the conversation of a review scored by the people who are ticked."""
    sent = await form_fields(request)
    codes = ticked(sent, "reviewer_")
    if not all(code.isascii() and code.isdigit() and len(code) <= 18 for code in codes):
        raise BadInput("choose who takes part", details={"reviewers": "unknown"})
    people = {int(code) for code in codes}
    made = await services(request).calibrations.begin(current_user(request), path_id(request), people)
    return web.Response(status=303, headers={"Location": f"/quality/calibrations/{made}"})


async def close(request: web.Request) -> web.StreamResponse:
    """End one although not everybody is done."""
    sent, calibration_id = await form_fields(request), path_id(request)
    await services(request).calibrations.close(current_user(request), calibration_id, version_of(sent))
    return web.Response(status=303, headers={"Location": f"/quality/calibrations/{calibration_id}"})
