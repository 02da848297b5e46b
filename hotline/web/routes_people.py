"""Addresses about people: search, dossiers, merging, the register's import."""

from __future__ import annotations

from aiohttp import web

from hotline.web.views import people, persons, register


def add_people(add: web.UrlDispatcher) -> None:
    """Add them."""
    add.add_get("/persons", persons.index)
    add.add_get(r"/calls/{key:[A-Za-z0-9][A-Za-z0-9.-]{0,63}}/person", persons.of_call)
    add.add_post("/persons/search", people.search)
    add.add_get("/persons/history", people.history)
    add.add_get(r"/persons/{id:\d+}", persons.show)
    add.add_get(r"/persons/{id:\d+}/edit", persons.edit)
    add.add_post(r"/persons/{id:\d+}/unmask", persons.unmask)
    add.add_post(r"/persons/{id:\d+}", persons.save)
    add.add_post(r"/persons/{id:\d+}/phones", persons.add_phone)
    add.add_post(r"/persons/{id:\d+}/phones/{phone:\d+}", persons.mark_phone)
    add.add_get(r"/persons/{id:\d+}/merge", persons.merge_preview)
    add.add_post(r"/persons/{id:\d+}/merge", persons.merge)
    add.add_post(r"/persons/merges/{id:\d+}/undo", persons.undo)
    add.add_get("/admin/register", register.index)
    add.add_get(r"/admin/register/{id:\d+}", register.show)
    add.add_post(r"/admin/register/{id:\d+}/start", register.start)
    add.add_post(r"/admin/register/{id:\d+}/cancel", register.cancel)
    add.add_get(r"/admin/register/{id:\d+}/rejected", register.report)
    add.add_post("/api/register/uploads", register.begin)
    add.add_put(r"/api/register/uploads/{id:\d+}", register.piece)
    add.add_post(r"/api/register/uploads/{id:\d+}/finish", register.finish)
