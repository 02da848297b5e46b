"""Words about people: errors of dossiers, of merging and of the register's import, and what is wrong with its rows."""

from __future__ import annotations

import re

from hotline.web.i18n import gettext, mark

ERRORS = {
    # dossiers
    "stale-person": mark("Somebody else changed this dossier meanwhile."),
    "same-enp": mark("Another dossier has this policy number. The same number is the same person: merge them."),
    "person-merged": mark("This dossier has been merged into another one."),
    "same-person": mark("A dossier cannot be merged with itself."),
    "merge-undone": mark("This merge has been undone already."),
    "merged-further": mark("The dossier was merged further since. Undo the later merge first."),
    "no-such-merge": mark("There is no such merge."),
    "no-such-phone": mark("There is no such telephone in this dossier."),
    "bad-person": mark("The dossier cannot be saved yet."),
    # the register's import
    "no-such-import": mark("There is no such import."),
    "illegal-import-step": mark("This is not possible any more: the import has gone on or is over."),
    "same-file": mark("The very same file was imported before. Import it again only if you must."),
    "upload-gap": mark("A part of the file is missing. The upload goes on from there."),
    "upload-mismatch": mark("This is not the file that was announced. Begin again."),
    "register-too-large": mark("The file is larger than 4 GB."),
    "empty-file": mark("The file is empty."),
    "utf-16-file": mark("The file is in UTF-16. Save it as UTF-8."),
    "unknown-format": mark("The file is neither a table of text nor XLSX nor DBF."),
    "old-excel-file": mark("This is an old Excel file (XLS). Save it as XLSX or CSV."),
    "one-column": mark("The file has one column only. Choose another delimiter."),
    "bad-heading": mark("The first row cannot be read as names of columns."),
    "damaged-file": mark("The file is damaged."),
    "truncated-file": mark("The file is cut: it should have %(promised)s rows and has %(found)s."),
    "file-bomb": mark("The file grows beyond measure when unpacked and was not opened."),
    "file-unreadable": mark("The file cannot be read any more. Upload it again."),
    "unknown-encoding": mark("This encoding is not known."),
    "unknown-delimiter": mark("This delimiter is not known."),
    "bad-columns": mark("The columns do not fit the file."),
    "repeated-columns": mark("The same field was chosen for two columns."),
    "no-name-column": mark("Choose the column that holds the surname."),
    "no-identity-column": mark("Choose a column with the policy number, the SNILS or the birth date."),
    "no-usable-row": mark("Not one row could be taken over: the columns or the encoding are wrong."),
    "too-many-missing": mark("So many people are missing from the file that nobody was closed. Is the file complete?"),
}

_REASONS = {
    "wrong number of columns": mark("wrong number of columns"),
    "neither ENP nor SNILS nor birth date": mark("neither policy number nor SNILS nor birth date"),
    "impossible birth date": mark("impossible birth date"),
    "not a date": mark("is not a date"),
    "no such day": mark("there is no such day"),
    "zero character": mark("holds a character that cannot be stored"),
    "wrong encoding": mark("the letters cannot be read: wrong encoding"),
    "too long": mark("is too long"),
    "no surname": mark("there is no surname"),
    "not a name": mark("is not a name"),
    "must have 16 digits": mark("must have 16 digits"),
    "must have 11 digits": mark("must have 11 digits"),
    "enp-check-digit": mark("the check digit does not fit"),
    "snils-check-digit": mark("the check digit does not fit"),
    "the last digit was lost by the spreadsheet": mark("the last digit was lost by the spreadsheet"),
    "not a policy number": mark("is not a policy number"),
    "unknown": mark("is not known"),
    "unknown insurer": mark("this insurer is not in the list of organisations"),
    "not a telephone number": mark("is not a telephone number"),
    "the line is too long": mark("the line is too long"),
    "quotes do not match": mark("the quotes do not match"),
    "somebody else has this ENP": mark("somebody else has this policy number"),
    "Row": mark("Row"),
    "Column": mark("Column"),
    "What is wrong": mark("What is wrong"),
    "Taken over": mark("Taken over"),
    "yes": mark("yes"),
    "no": mark("no"),
}
_TWICE = re.compile(r"the same person as in row (\d+)")


def reason_text(reason: str) -> str:
    """Say in the reader's language what is wrong with a row of the register, or a heading of the report on them."""
    if match := _TWICE.fullmatch(reason):
        return gettext("the same person as in row %(row)s") % {"row": match[1]}
    message = _REASONS.get(reason)
    return reason if message is None else gettext(message)
