"""Addresses of attendance and of planning shifts."""

from __future__ import annotations

from aiohttp import web

from hotline.web.views import attendance, attendance_plan


def add_attendance(add: web.UrlDispatcher) -> None:
    """Add them."""
    add.add_get("/attendance", attendance.show)
    add.add_get("/attendance/missing", attendance.missing)
    add.add_get("/attendance/mine", attendance.mine)
    add.add_get("/attendance/export", attendance.export)
    add.add_get(r"/attendance/people/{id:\d+}", attendance_plan.person)
    add.add_post(r"/attendance/people/{id:\d+}/plan", attendance_plan.set_days)
    add.add_post(r"/attendance/people/{id:\d+}/absences", attendance_plan.add_absence)
    add.add_post(r"/attendance/absences/{id:\d+}/close", attendance_plan.close_absence)
    add.add_get("/attendance/plan", attendance_plan.tools)
    add.add_post("/attendance/templates", attendance_plan.save_template)
    add.add_post(r"/attendance/templates/{id:\d+}", attendance_plan.save_template)
    add.add_post("/attendance/copy", attendance_plan.copy)
    add.add_post(r"/attendance/changes/{id:\d+}/undo", attendance_plan.undo)
    add.add_post("/attendance/import", attendance_plan.preview)
    add.add_post("/attendance/import/apply", attendance_plan.apply)
