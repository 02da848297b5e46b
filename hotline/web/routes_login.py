"""Addresses of logging in and out, and of one's own password and second factor."""

from __future__ import annotations

from aiohttp import web

from hotline.staff.oidc import BACK
from hotline.web.views import login, password, password_links, second_factor, sign_on


def add_login(add: web.UrlDispatcher) -> None:
    """Add them."""
    add.add_get("/login", login.show)
    add.add_post("/login", login.log_in)
    add.add_get(login.FACTOR, second_factor.ask)
    add.add_post(login.FACTOR, second_factor.enter)
    add.add_get(sign_on.ADDRESS, sign_on.go)
    add.add_get(BACK, sign_on.back)
    add.add_get(f"{sign_on.ADDRESS}/leave", sign_on.leave)
    add.add_post("/logout", login.log_out)
    add.add_post("/language", login.choose_language)
    add.add_get("/password", password.show)
    add.add_post("/password", password.change)
    add.add_get(password_links.ADDRESS, password_links.show)
    add.add_post(password_links.ADDRESS, password_links.choose)
    add.add_get(second_factor.OWN, second_factor.own)
    add.add_post(second_factor.OWN, second_factor.renew)
    add.add_post(f"{second_factor.OWN}/codes", second_factor.new_codes)
