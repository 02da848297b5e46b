"""Decisions of administering people: whom one may administer, what is wrong with a form, what changed. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any
from zoneinfo import available_timezones

from hotline.staff.admin_model import ORGANISATION_KINDS, OrganisationForm, PersonForm
from hotline.staff.model import Effect, Organisation, User
from hotline.staff.rules import effective_rights

LOGIN_CHARACTERS = frozenset("abcdefghijklmnopqrstuvwxyz0123456789._-@")
LOGIN_PROBLEM = "letters a-z, digits and . _ - @ only, at most 60"
NAME_LENGTH = 100
TITLE_LENGTH = 300


def manages(by: User, organisation_id: int) -> bool:
    """Tell whether ``by`` administers people of an organisation: an insurer's administrator only its own (2.8)."""
    return everywhere(by.organisation) or by.organisation.id == organisation_id


def everywhere(own: Organisation) -> bool:
    """Tell whether administrators of ``own`` administer every organisation: those of an insurer do not."""
    return own.kind not in {"smo", "insurer"}


def person_problems(form: PersonForm, known_roles: Iterable[str]) -> dict[str, str]:
    """Say what is wrong with each field of an account."""
    problems: dict[str, str] = {}
    if not form.login or not LOGIN_CHARACTERS.issuperset(form.login) or len(form.login) > 60:
        problems["login"] = LOGIN_PROBLEM
    for name in ("last_name", "first_name", "patronymic"):
        text = getattr(form, name)
        if not text and name != "patronymic":
            problems[name] = "required"
        elif len(text) > NAME_LENGTH:
            problems[name] = f"at most {NAME_LENGTH} characters"
    digits = form.extension.isascii() and form.extension.isdigit()
    if form.extension and not (digits and 2 <= len(form.extension) <= 8):
        problems["extension"] = "2 to 8 digits"
    if not form.roles:
        problems["roles"] = "at least one"
    elif form.roles - set(known_roles):
        problems["roles"] = "unknown"
    return problems


def organisation_problems(form: OrganisationForm) -> dict[str, str]:
    """Say what is wrong with each field of an organisation; its place in the tree needs the other rows."""
    problems = {name: "required" for name in ("code", "name", "short_name") if not getattr(form, name)}
    for name in ("name", "short_name"):
        if len(getattr(form, name)) > TITLE_LENGTH:
            problems[name] = f"at most {TITLE_LENGTH} characters"
    if form.code and (len(form.code) > 20 or not form.code.replace("-", "").isalnum()):
        problems["code"] = "letters, digits and hyphens, at most 20"
    if form.kind not in ORGANISATION_KINDS:
        problems["kind"] = "unknown"
    if form.time_zone and form.time_zone not in available_timezones():
        problems["time_zone"] = "unknown"
    return problems


def difference(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
    """Return the fields that differ, as they were and as they are."""
    changed = [name for name in after if before.get(name) != after[name]]
    return {name: before.get(name) for name in changed}, {name: after[name] for name in changed}


def above(parents: Mapping[int, int | None], start: int | None) -> list[int]:
    """Return the chain of parents from ``start`` upwards; a circle is walked once."""
    found: list[int] = []
    while start is not None and start not in found:
        found.append(start)
        start = parents.get(start)
    return found


def rights_after(
    grants: Mapping[str, Mapping[str, str]], own: Mapping[str, str], changed: str, effects: Mapping[str, str]
) -> tuple[frozenset[str], frozenset[str]]:
    """Return somebody's effective rights before and after one of his roles changes.

    :param grants: what each of his roles says, right → effect.
    :param own: what is allowed or denied to himself.
    """

    def fold(one: Mapping[str, Mapping[str, str]]) -> frozenset[str]:
        return effective_rights([*own.items(), *(pair for role in one.values() for pair in role.items())])

    return fold(grants), fold({**grants, changed: effects})


def clean_effects(sent: Mapping[str, str]) -> dict[str, str]:
    """Return the rights that a form allows or denies; the others are neither."""
    return {code: effect for code, effect in sorted(sent.items()) if effect in set(Effect)}
