"""Words for errors: one table from ``error_id``, one from what services say about a field.

Services speak English to machines and logs; people read these sentences in their own language. A test compares the
tables with the ``error_id``s in the sources, so that a new error cannot reach a person without words.
"""

from __future__ import annotations

import re

from hotline.web import texts_attendance, texts_people
from hotline.web.i18n import gettext, mark

TEXTS = {
    **texts_people.ERRORS,
    **texts_attendance.ERRORS,
    # the web part
    "internal-error": mark("Something broke on the server. It has been written down; try again in a moment."),
    "not-authenticated": mark("The session has ended. Log in again: nothing that you typed is lost."),
    "forbidden": mark("Your role does not include this action."),
    "no-right": mark("Your role does not include this action."),
    "not-found": mark("There is no such record, or you may not see it."),
    "bad-input": mark("Something in the request is not right."),
    "conflict": mark("This is not possible in the present state."),
    "unavailable": mark("A part of the system does not answer. Try again in a moment."),
    "too-many-attempts": mark("Too many attempts. Try again in a moment."),
    "database-unavailable": mark("The database does not answer. Typing goes on; saving will work again soon."),
    "foreign-origin": mark("The request came from another site and was refused."),
    "bad-csrf-token": mark("The page is out of date. Reload it and try again."),
    "bad-form": mark("The form cannot be read."),
    "bad-text": mark("The text holds a character that cannot be stored."),
    "bad-json": mark("The request is not valid JSON of the expected shape."),
    "too-large": mark("This is more than the server accepts at once."),
    "length-required": mark("The request does not say how long it is."),
    "method-not-allowed": mark("This address does not accept such a request."),
    "no-extension": mark("You have no internal number, so there is no telephone. The administrator can give you one."),
    "no-card": mark("The colleague's call came without a card."),
    "long-period": mark("More than three months are counted in the background. Ask for it on the page of statistics."),
    "too-many-reports": mark("Five of your long periods are being counted already. Wait until one is ready."),
    "report-not-ready": mark("This is still being counted."),
    # staff
    "empty-login": mark("Enter login and password."),
    "wrong-password": mark("Wrong login or password."),
    "too-many-logins": mark("Too many failed attempts to log in. Try again in %(retry_after_s)s s."),
    "unmask-reason-required": mark("Say what you need the data for: the reason is kept with your name."),
    "account-off": mark("The account is switched off: let it log in again first."),
    "no-such-password-link": mark(
        "This link was used already, is too old or was taken back. Ask your administrator for a new one."
    ),
    "own-rights": mark("Nobody changes his own rights: ask another administrator."),
    "no-right-to-give": mark("You can give or deny only the rights that you have yourself."),
    "stale-record": mark("Somebody else changed this meanwhile. What they saved is shown; make your change again."),
    "login-taken": mark("Somebody has this login already."),
    "extension-taken": mark("Somebody who may log in has this internal number already."),
    "list-last-row": mark("Nothing could be chosen from this list any more. Open another row first."),
    "list-in-use": mark("This row is in use: close what belongs to it first, or add another row."),
    "code-taken": mark("Another organisation has this code already."),
    "organisation-in-use": mark("People still work there: %(people)s. Move them or switch their accounts off first."),
    "organisations-of-all": mark("Organisations are changed by the fund."),
    "roles-of-all": mark("Roles hold for all organisations and are changed by the fund."),
    "last-administrator": mark("Nobody would be left who may administer. Give somebody else that right first."),
    "no-places": mark("Nothing was changed: send at least one place."),
    "lacks-skill": mark("He lacks a skill that this queue needs. Give it to him under «Lines and queues» first."),
    "not-your-lines": mark("Only an administrator of the fund changes lines, queues and hours."),
    "bad-rules": mark("Nobody would answer some calls by these rules. Nothing was changed."),
    "own-account": mark("You cannot switch your own account off."),
    "password-temporary": mark("Your password is temporary. Choose your own first."),
    "passwords-differ": mark("The two new passwords are not the same."),
    "same-password": mark("The new password is the same as the present one."),
    # call-backs
    "no-such-score": mark("There is no such score, or you may not see it."),
    "no-such-sheet": mark("There is no such score sheet, or it is not in use."),
    "no-such-plan": mark("There is no such rule, or it was closed."),
    "sheet-in-use": mark("A rule draws conversations for this sheet: close the rule first."),
    "illegal-score-move": mark("Somebody was quicker: the score does not allow this any more. Reload the page."),
    "score-taken": mark("A colleague scores this conversation."),
    "not-your-score": mark("Only the operator himself answers his score."),
    "own-call": mark("Nobody scores his own conversation."),
    "no-such-calibration": mark("There is no such calibration, or you do not take part in it."),
    "not-your-calibration": mark("Only who began the calibration may end it."),
    "no-such-callback": mark("There is no such duty to call back, or it belongs to a queue that is not yours."),
    "callback-taken": mark("A colleague has this call-back in his hands."),
    "illegal-callback-move": mark("This call-back is over, or somebody was quicker. The page shows how it stands now."),
    "callback-newer": mark("The citizen has called again since: there is a newer duty to call him back."),
    # journal
    "card-incomplete": mark("The card is not complete."),
    "card-handed-over": mark("The card was handed over to somebody else."),
    "restriction-forbidden": mark("You may not change the access to this appeal so."),
    "stale-appeal": mark("Somebody else changed this appeal meanwhile."),
    "stale-draft": mark("This card was also changed elsewhere."),
    "draft-gone": mark("The card was saved or discarded at this moment."),
    "no-such-draft": mark("There is no such draft: it was saved, discarded or handed over."),
    "no-such-appeal": mark("There is no such appeal."),
    "appeal-locked": mark("This appeal may not be edited now."),
    "forwarding-forbidden": mark("The appeal may not go to this person."),
    "move-incomplete": mark("Something that this step needs is missing."),
    "no-deputy": mark("Nobody is left who could go on with this appeal. Give it to somebody by hand."),
    "comment-required": mark("A comment is needed."),
    "illegal-move": mark("This is not possible in the present state."),
    "not-yours-to-move": mark("This step is for somebody else: the appeal is not in your hands."),
    "no-right-to-move": mark("Your role does not include this step."),
    "not-for-such-appeals": mark("Your role takes this step with consultations only. Forward the appeal."),
    "no-deadline-rule": mark("The process profile has no deadline for such an appeal. Tell the administrator."),
    "bulk-count": mark("Choose between one and %(most)s appeals."),
    "bad-calendar": mark("This file is no production calendar, or it is damaged. Nothing was changed."),
    "stale-calendar": mark("Somebody else changed this year meanwhile. Look at it and try again."),
    "nothing-to-undo": mark("There is nothing left to take back in this year."),
    "recompute-changed": mark("Other deadlines are concerned now: %(count)s. Look at them and confirm again."),
    "extended-before": mark("This deadline was extended before; only the administrator may extend it again."),
    "no-extension-request": mark("Nobody has asked for more time for this appeal."),
    "no-such-folder": mark("You have no such folder."),
    "bad-cursor": mark("This page of the list does not exist. Start from the first one."),
    "bad-filter": mark("This filter cannot be understood. Clear it and choose again."),
    "order-needs-filter": mark("This list is too long for that order. Choose a period or an employee first."),
    "bad-contact": mark("The contact is not complete."),
    "stale-contact": mark("Somebody else changed this contact meanwhile."),
    "no-such-contact": mark("There is no such contact: it was taken out of the directory."),
    "bad-contact-file": mark("The file cannot be read. CSV or XLSX with at most 20,000 rows is needed."),
    "no-contact-columns": mark("The first row must name the columns; a name and a number are needed."),
    "too-many-rows": mark("This is too much for one workbook. Choose CSV, or a shorter period."),
    "bad-view": mark("Give the list a name of at most 60 characters."),
    "too-many-views": mark("You keep twenty lists already. Delete one first."),
    "view-exists": mark("You have a list of this name already."),
    "no-such-view": mark("There is no such list: it was deleted in another tab."),
    "empty-search": mark("Type a name, a birth date, a policy number or a telephone."),
    "no-such-person": mark("There is no such person in the register."),
    "no-such-recording": mark("There is no recording of this call."),
    "no-recording": mark("There is no recording of this call."),
    "bad-recording": mark("The recording is damaged. Tell the administrator."),
    "reason-required": mark("Say why you listen to another's call: the reason is kept with your name."),
    "download-forbidden": mark("Your role may listen to recordings, but not take copies."),
    "recording-deleted": mark("The recording was deleted at the end of its time."),
    "recording-in-use": mark("The call is still being recorded."),
    "recording-changed": mark("The file of this recording was changed. Tell the administrator."),
    "encoding-failed": mark("The recording could not be converted. Tell the administrator."),
    "not-recorded": mark("This call is not being recorded."),
    "already-recorded": mark("This call is being recorded already."),
    "not-internal": mark("Calls with citizens are always recorded."),
    "recording-forbidden": mark("You may not listen to this call."),
    # what surrounds a card
    "empty-file": mark("The file is empty."),
    "file-too-large": mark("The file is too large."),
    "file-type": mark("Files of this kind are not taken. PDF, pictures, office documents, sound and plain text are."),
    "too-many-files": mark("A card takes at most %(limit)s files."),
    "no-such-file": mark("There is no such file, or it was taken off."),
    "infected-file": mark("The virus scanner found something in this file: nobody gets it."),
    "not-scanned": mark("The virus scanner has not looked at this file yet. Try again in a moment."),
    "file-gone": mark("The content of this file is gone. Tell the administrator."),
    "no-preview": mark("Files of this kind can only be saved."),
    "stale-file": mark("Somebody else changed this file meanwhile. The list is shown anew."),
    "possible-duplicate": mark("This was probably registered before."),
    "like-organisation": mark("There are organisations with a like name."),
    "no-such-link": mark("There is no such link any more."),
    "no-such-emergency": mark("There is no such alarm."),
    # telephony and operators
    "bad-tones": mark("Only the keys of a telephone can be sent: digits, * and #."),
    "no-such-call": mark("This call is over."),
    "not-your-call": mark("This is another operator's call."),
    "not-talking": mark("This is possible only while you talk with the citizen."),
    "not-held": mark("The citizen is not on hold."),
    "consulting": mark("You are asking a colleague: hand the call over or return to the citizen first."),
    "colleague-busy": mark("The colleague is busy."),
    "colleague-away": mark("The colleague's telephone is not active."),
    "transfer-under-way": mark("A transfer of this call is under way already."),
    "three-talk": mark("Three are talking: leave the conversation, or let the colleague go first."),
    "parking-full": mark("Every place of the parking is taken."),
    "taken-already": mark("Somebody else has taken this call already."),
    "own-telephone-busy": mark("Your telephone is busy: finish the call first."),
    "own-telephone-away": mark("Your telephone is not active: start work first."),
    "no-such-colleague": mark("Nobody has this internal number."),
    "nothing-to-pick-up": mark("No telephone of your group rings."),
    "no-such-consultation": mark("No colleague is being asked in this call."),
    "illegal-transfer-step": mark("The transfer does not allow this now."),
    "no-such-channel": mark("The other side has hung up already."),
    "not-answered": mark("Nobody answered."),
    "command-refused": mark("The telephone exchange refused this."),
    "asterisk-unavailable": mark("The telephone exchange does not answer. Try again in a moment."),
    "telephony-unavailable": mark(
        "The telephone exchange does not answer. The state is kept and applied when it does."
    ),
    "telephony-refused": mark("The telephone exchange refused the new state. It is kept and will be tried again."),
    "softphone-account-refused": mark("The telephone exchange refused your telephone. Tell the administrator."),
    "extension-busy": mark("Somebody else works with your internal number."),
    "no-such-operator": mark("Start work first."),
    "no-microphone": mark("Work cannot start without a microphone."),
    "wrap-up-at-limit": mark("The time for the card is at its longest already."),
    "bad-number": mark("This number cannot be called."),
    "note-required": mark("This characteristic needs a note: who asked and for what."),
    "internal-call": mark("An internal call has no characteristic."),
    "unknown-pause-reason": mark("There is no such reason for a pause."),
}

_FIELDS = {
    **texts_attendance.FIELDS,
    "taken": mark("is taken"),
    "not-a-code": mark("small letters a-z, digits and hyphens, at most 30; a line has a number"),
    "out-of-bounds": mark("is out of bounds"),
    "too-long": mark("is too long"),
    "not-hours": mark("is not like 09:00-13:00, 14:00-18:00"),
    "not-a-sound": mark("is no name of a sound: small letters, digits, / _ -"),
    "not-rising": mark("seconds and places must rise from level to level; the first begins at 0"),
    "not-a-digit": mark("is no digit"),
    "not-asked": mark("belongs to another choice"),
    "not-a-number": mark("is not a whole number"),
    "less than the seconds of the goal": mark("must be less than the seconds of the goal"),
    "more than the least": mark("must be more than the least"),
    "not a sheet": mark("cannot be read"),
    "at least one": mark("choose at least one"),
    "stands below this one": mark("stands below this one itself"),
    "letters, digits and hyphens, at most 20": mark("letters, digits and hyphens, at most 20"),
    "letters a-z, digits and . _ - @ only, at most 60": mark("letters a-z, digits and . _ - @ only, at most 60"),
    "the password must have 10 to 200 characters": mark("the password must have 10 to 200 characters"),
    "the password must not contain the login": mark("the password must not contain the login"),
    "differs": mark("is not what it must be"),
    "required": mark("must be filled in"),
    "unknown": mark("is not in the list"),
    "must be later than the deadline": mark("must be later than the present deadline"),
    "nobody works there at this level": mark("nobody works there at this level"),
    "not a date and time": mark("is not a date and time"),
    "not a date": mark("is not a date"),
    "past": mark("is over already"),
    "must not be in the future": mark("must not be in the future"),
    "too long ago": mark("is too long ago"),
    "not an e-mail address": mark("is not an e-mail address"),
    "must have 16 digits": mark("must have 16 digits"),
    "must have 11 digits": mark("must have 11 digits"),
    "not a policy number": mark("is not a policy number"),
    "unconfirmed": mark("comes from the register by the number alone: confirm that it is this person, or clear it"),
    "belongs to another type": mark("belongs to another type of appeal"),
    "your role registers oral appeals only": mark("your role registers oral appeals only"),
    "zero character": mark("holds a character that cannot be stored"),
    "not a sum of money": mark("is not a sum of money: roubles and kopecks, such as 1 500,50"),
    "twice in the file": mark("is in the file twice; the first row counts"),
    "own number": mark("is your own number"),
    "not a telephone number": mark("is not a telephone number"),
    "abroad": mark("is abroad; such calls are switched off"),
    "2 to 8 digits": mark("must have 2 to 8 digits"),
    "fill in at least one field": mark("fill in at least one field"),
}

_WARNINGS = {
    "phone-not-recognised": mark("The telephone number was not recognised; it was stored as typed."),
    "enp-check-digit": mark("The check digit of the policy number does not fit: ask for the number again."),
    "possible-duplicate": mark("The same person has an open appeal on this topic: see the history of the citizen."),
    "minor-alone": mark("The applicant is under 18: ask for a parent or guardian."),
    "authority-document-missing": mark(
        "Somebody else's data are asked for: note the document that gives the applicant the right to do so."
    ),
    "snils-check-digit": mark("The check digits of the SNILS do not fit: ask for the number again."),
}

_LATER = re.compile(r"at most (\d+) days later")
_FROM_TO = re.compile(r"(\d+) to (\d+)")
_AT_MOST = re.compile(r"at most (\d+) characters")


def field_text(text: str) -> str:
    """Say in the reader's language what is wrong with a field; anything else (a state, a date) stays as it is."""
    if match := _AT_MOST.fullmatch(text):
        return gettext("at most %(count)s characters") % {"count": match[1]}
    if match := _LATER.fullmatch(text):
        return gettext("at most %(count)s days later") % {"count": match[1]}
    if match := _FROM_TO.fullmatch(text):
        return gettext("must be from %(least)s to %(most)s") % {"least": match[1], "most": match[2]}
    message = _FIELDS.get(text)
    return text if message is None else gettext(message)


def warning_text(code: str) -> str:
    """Say in the reader's language what is odd about an appeal that was saved all the same."""
    message = _WARNINGS.get(code)
    return code if message is None else gettext(message)
