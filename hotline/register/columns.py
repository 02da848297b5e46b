"""Guesses what the columns of a register hold, by their headings in Russian and English. Pure."""

from __future__ import annotations

import re
from collections.abc import Sequence

from hotline.errors import BadInput
from hotline.register.model import Field

# Beginnings of words, folded: capitals, no signs. The longest fit wins, so «дата рождения» is no «дата».
_WORDS: dict[Field, tuple[str, ...]] = {
    Field.FULL_NAME: (
        "ФИО",
        "ФИОЗАСТРАХОВАННОГО",
        "ФИОГРАЖДАНИНА",
        "ФИОЗЛ",
        "ФАМИЛИЯИМЯОТЧЕСТВО",
        "ФАМИЛИЯИМЯ",
        "FIO",
        "FULLNAME",
        "ЗАСТРАХОВАННОЕЛИЦО",
        "NAMEFULL",
    ),
    Field.LAST_NAME: ("ФАМИЛИЯ", "ФАМ", "FAM", "LASTNAME", "SURNAME", "FAMILYNAME", "LNAME"),
    Field.FIRST_NAME: ("ИМЯ", "IM", "FIRSTNAME", "GIVENNAME", "FNAME", "NAME"),
    Field.PATRONYMIC: ("ОТЧЕСТВО", "ОТЧ", "OT", "PATRONYMIC", "MIDDLENAME", "SECONDNAME"),
    Field.BIRTH_DATE: ("ДАТАРОЖДЕНИЯ", "ДАТАРОЖД", "ДР", "DR", "DOB", "BIRTHDATE", "BIRTHDAY", "DATEOFBIRTH", "BIRTH"),
    Field.SEX: ("ПОЛ", "SEX", "GENDER", "W"),
    Field.ENP: ("ЕНП", "ЕДИНЫЙНОМЕР", "НОМЕРПОЛИСАЕНП", "ПОЛИСЕНП", "ENP", "NPOLISENP", "UNIFIEDNUMBER"),
    Field.SNILS: ("СНИЛС", "SNILS", "SS", "СТРАХОВОЙНОМЕР"),
    Field.POLICY_SERIES: ("СЕРИЯПОЛИСА", "СЕРПОЛ", "СЕРИЯ", "SPOLIS", "SPOL", "POLICYSERIES"),
    Field.POLICY: ("НОМЕРПОЛИСА", "ПОЛИС", "НПОЛ", "NPOLIS", "NPOL", "POLICYNUMBER", "POLICY"),
    Field.PHONE: ("ТЕЛЕФОН", "ТЕЛ", "НОМЕРТЕЛЕФОНА", "МОБИЛЬНЫЙ", "СОТОВЫЙ", "PHONE", "TEL", "MOBILE"),
    Field.EMAIL: ("ЭЛЕКТРОННАЯПОЧТА", "ПОЧТА", "EMAIL", "MAIL"),
    Field.ADDRESS: (
        "АДРЕС",
        "АДРЕСРЕГИСТРАЦИИ",
        "АДРЕСПРОПИСКИ",
        "ADDRESS",
        "ADDR",
        "ADRES",
        "REGADDRESS",
    ),
    Field.ADDRESS_FACT: (
        "АДРЕСПРОЖИВАНИЯ",
        "ФАКТИЧЕСКИЙАДРЕС",
        "АДРЕСФАКТ",
        "АДРЕСМЕСТАЖИТЕЛЬСТВА",
        "LIVINGADDRESS",
        "ADDRESSFACT",
    ),
    Field.INSURER: ("СМО", "КОДСМО", "СТРАХОВАЯ", "СТРАХОВАЯКОМПАНИЯ", "СТРАХОВЩИК", "SMO", "INSURER", "QCOMPANY"),
    Field.CLINIC: ("МО", "ЛПУ", "КОДМО", "ПРИКРЕПЛЕНИЕ", "МОПРИКРЕПЛЕНИЯ", "ПОЛИКЛИНИКА", "LPU", "MO", "CLINIC"),
    Field.DEAD: ("ДАТАСМЕРТИ", "СМЕРТЬ", "УМЕР", "ПРИЗНАКСМЕРТИ", "DS", "DEATH", "DEATHDATE", "DEAD"),
    Field.VALID_FROM: ("ДАТАНАЧАЛА", "НАЧАЛОДЕЙСТВИЯ", "ДЕЙСТВУЕТС", "ДАТАВЫДАЧИ", "DBEG", "DATEBEG", "VALIDFROM"),
    Field.VALID_TO: ("ДАТАОКОНЧАНИЯ", "ОКОНЧАНИЕДЕЙСТВИЯ", "ДЕЙСТВУЕТПО", "DSTOP", "DEND", "DATEEND", "VALIDTO"),
}
_EXACT_ONLY = 3
"""Words of up to so many letters («МО», «ПОЛ», «IM») must be the whole heading."""
_IDENTITIES = frozenset({Field.ENP, Field.SNILS, Field.BIRTH_DATE})


def guess(headings: Sequence[str]) -> tuple[str, ...]:
    """Return what each column probably holds; ``""`` where nothing fits. A field is given once, but for telephones."""
    scores = {
        (place, field): score
        for place, heading in enumerate(headings)
        for field in Field
        if (score := _score(_fold(heading), field))
    }
    found = [""] * len(headings)
    taken: set[Field] = set()
    # The best fit first; of equal ones the column further left.
    for (place, field), _ in sorted(scores.items(), key=lambda item: (-item[1], item[0][0])):
        if not found[place] and (field is Field.PHONE or field not in taken):
            found[place] = field.value
            taken.add(field)
    if {Field.LAST_NAME, Field.FIRST_NAME} <= taken and Field.FULL_NAME in taken:
        found = ["" if one == Field.FULL_NAME else one for one in found]
    return tuple(found)


def require_enough(columns: Sequence[str]) -> None:
    """Check that people can be told apart by these columns.

    :raises BadInput: no name, nothing to tell namesakes apart, an unknown or a repeated field.
    """
    known = {field.value for field in Field}
    chosen = [one for one in columns if one]
    if unknown := set(chosen) - known:
        raise BadInput("unknown fields", error_id="bad-columns", details=dict.fromkeys(sorted(unknown), "unknown"))
    repeated = {one for one in chosen if one != Field.PHONE and chosen.count(one) > 1}
    if repeated:
        raise BadInput(
            "a field stands over two columns",
            error_id="repeated-columns",
            details=dict.fromkeys(sorted(repeated), "repeated"),
        )
    if not {Field.LAST_NAME, Field.FULL_NAME} & set(chosen):
        raise BadInput("no column holds the surname", error_id="no-name-column", details={"last_name": "required"})
    if not _IDENTITIES & set(chosen):
        raise BadInput(
            "no column holds the ENP, the SNILS or the birth date",
            error_id="no-identity-column",
            details={"enp": "required"},
        )


def _fold(heading: str) -> str:
    return re.sub(r"[\W_]", "", heading).upper().replace("Ё", "Е")


def _score(heading: str, field: Field) -> int:
    best = 0
    for word in _WORDS[field]:
        if heading == word:
            best = max(best, 1000 + len(word))
        elif len(word) > _EXACT_ONLY and heading.startswith(word):
            best = max(best, 100 + len(word))
        elif len(word) > _EXACT_ONLY + 2 and word in heading:
            best = max(best, len(word))
        elif re.fullmatch(rf"{word}\d", heading):  # «тел2»
            best = max(best, 50)
    return best
