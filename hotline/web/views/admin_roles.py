"""Administration of roles (right ``user.manage``): rights allowed and denied, and whom a change touches."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from aiohttp import web

from hotline.staff.admin_model import RoleCard, RolePreview
from hotline.staff.admin_rules import everywhere
from hotline.staff.model import Effect
from hotline.staff.sight import ANY_KIND
from hotline.web.context import current_user, services
from hotline.web.forms import form_fields
from hotline.web.i18n import gettext, mark
from hotline.web.render import page
from hotline.web.right_titles import GROUPS, right_title
from hotline.web.sight_words import rule_words
from hotline.web.views.admin_forms import REFUSALS, note_title, refused, saved, undo_of, version_of
from hotline.web.views.admin_organisations import kind_title

FORM = "pages/admin_role.html"
RIGHT = "right_"
_EFFECTS = {"": mark("not given"), Effect.ALLOW: mark("allowed"), Effect.DENY: mark("denied")}


async def listing(request: web.Request) -> web.StreamResponse:
    """Show all roles with how much they allow and deny."""
    roles = await services(request).staff.roles.all(current_user(request))
    rows = [
        {
            "role": one,
            "allows": sum(effect == Effect.ALLOW for effect in one.effects.values()),
            "denies": sum(effect == Effect.DENY for effect in one.effects.values()),
        }
        for one in roles
    ]
    return await page(request, "pages/admin_roles.html", {"rows": rows}, section="admin")


async def show(request: web.Request) -> web.StreamResponse:
    """Show a role's rights."""
    context = await _context(request)
    return await page(request, FORM, context, section="admin")


async def preview(request: web.Request) -> web.StreamResponse:
    """Show what a change would do and to whom; nothing is saved yet."""
    its, by, code = services(request), current_user(request), request.match_info["code"]
    sent = await form_fields(request)
    effects = _effects(sent)
    found = await its.staff.roles.preview(by, code, effects)
    context = await _context(request, effects) | {"preview": _shown(found), "version": sent.get("version", "")}
    return await page(request, FORM, context, section="admin")


async def save(request: web.Request) -> web.StreamResponse:
    """Set a role's rights."""
    its, by, code = services(request), current_user(request), request.match_info["code"]
    sent = await form_fields(request)
    effects = _effects(sent)
    try:
        await its.staff.roles.save(by, code, effects, version_of(sent))
    except REFUSALS as error:
        return await refused(request, error, FORM, await _context(request, effects))
    return saved(request, f"/admin/roles/{code}", code=code)


async def _context(request: web.Request, effects: Mapping[str, str] | None = None) -> dict[str, Any]:
    its, by = services(request), current_user(request)
    role, history = await its.staff.roles.get(by, request.match_info["code"])
    chosen = role.effects if effects is None else effects
    return {
        "role": role,
        "version": role.version,
        "preview": None,
        "editable": everywhere(by.organisation),
        "groups": _groups(chosen, role),
        "effects": [(code, gettext(title)) for code, title in _EFFECTS.items()],
        "sight": [
            one if one["code"] == ANY_KIND else {**one, "kind": kind_title(one["code"])}
            for one in rule_words(role.sight)
        ],
        "history": [
            {
                "change": one,
                "note": note_title(one.note),
                "fields": [
                    (right_title(right), gettext(_EFFECTS[one.before.get(right, "")]), gettext(_EFFECTS[after]))
                    for right, after in one.after.items()
                ],
                "undo": _undo(role, undo_of(one, {**dict.fromkeys(one.before, ""), **role.effects})),
            }
            for one in history
        ],
    }


def _groups(chosen: Mapping[str, str], role: RoleCard) -> list[dict[str, Any]]:
    known = {str(right) for group in GROUPS for right in group.rights}
    groups = [(gettext(group.title), [str(right) for right in group.rights]) for group in GROUPS]
    if others := sorted({*chosen, *role.effects} - known):
        groups.append((gettext("Rights of the profile"), others))
    return [
        {
            "title": title,
            "rights": [
                {
                    "code": right,
                    "title": right_title(right),
                    "effect": chosen.get(right, ""),
                    "changed": chosen.get(right, "") != role.effects.get(right, ""),
                }
                for right in rights
            ],
        }
        for title, rights in groups
    ]


def _shown(found: RolePreview) -> dict[str, Any]:
    return {
        "holders": found.holders,
        "changes": [
            (right_title(right), gettext(_EFFECTS[before]), gettext(_EFFECTS[after]))
            for right, (before, after) in found.changes.items()
        ],
        "affected": [
            {
                "name": one.full_name,
                "gains": [right_title(right) for right in one.gains],
                "loses": [right_title(right) for right in one.loses],
            }
            for one in found.affected
        ],
    }


def _undo(role: RoleCard, back: Mapping[str, str] | None) -> dict[str, str] | None:
    if back is None:
        return None
    return {f"{RIGHT}{right}": effect for right, effect in {**role.effects, **back}.items()}


def _effects(sent: Mapping[str, str]) -> dict[str, str]:
    return {name.removeprefix(RIGHT): value for name, value in sent.items() if name.startswith(RIGHT) and value}
