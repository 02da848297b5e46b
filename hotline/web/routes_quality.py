"""Addresses of quality: scores, calibrations, reports, and their administration."""

from __future__ import annotations

from aiohttp import web

from hotline.scoring.model import Move
from hotline.web.views import admin_quality, quality, quality_calibration, quality_report


def add_quality(add: web.UrlDispatcher) -> None:
    """Add them."""
    add.add_get("/quality", quality.listing)
    add.add_get("/quality/new", quality.choose)
    add.add_post("/quality", quality.begin)
    add.add_get("/quality/report", quality_report.show)
    add.add_get("/quality/calibrations", quality_calibration.listing)
    add.add_get(r"/quality/calibrations/{id:\d+}", quality_calibration.show)
    add.add_post(r"/quality/calibrations/{id:\d+}/close", quality_calibration.close)
    add.add_get(r"/quality/{id:\d+}", quality.show)
    add.add_post(r"/quality/{id:\d+}/calibrations", quality_calibration.begin)
    add.add_put(r"/api/quality/{id:\d+}", quality.save)
    for move in Move:
        if move is not Move.SAVE:
            add.add_post(rf"/api/quality/{{id:\d+}}/{move}", quality.act)
    add.add_get("/admin/quality", admin_quality.listing)
    add.add_get("/admin/quality/sheets/new", admin_quality.new_sheet)
    add.add_post("/admin/quality/sheets", admin_quality.create_sheet)
    add.add_get(r"/admin/quality/sheets/{id:\d+}", admin_quality.sheet)
    add.add_post(r"/admin/quality/sheets/{id:\d+}", admin_quality.save_sheet)
    add.add_post(r"/admin/quality/sheets/{id:\d+}/close", admin_quality.close_sheet)
    add.add_post("/admin/quality/plans", admin_quality.create_plan)
    add.add_post(r"/admin/quality/plans/{id:\d+}", admin_quality.save_plan)
    add.add_post(r"/admin/quality/plans/{id:\d+}/draw", admin_quality.draw)
