"""The electronic journal: calls, appeals, drafts, persons, numbering, deadlines, forwarding.

``service.Journal(db, clock, settings, bus=None)`` gathers the use cases; every method is a coroutine::

    calls.record(call)                                   subscribed to CallEvent by app.py (calls.on_event)
    calls.open(asterisk) -> tuple[Call, ...]
    calls.get(user, key) -> CallRow                      NotFound

    dispositions.choices(user, key) -> (CallRow, tuple[DispositionChoice, ...])   the user's most used first
    dispositions.set(user, key, code, note="") -> CallRow   publishes CallClassified on the bus
    dispositions.unclassified(user) -> Unclassified      the user's calls that wait for a characteristic

    drafts.create_or_get(user, call_key=None, call=None) -> Draft    prefilled; ``call`` when it is live
    drafts.get(user, draft_id) -> Draft                  NotFound
    drafts.save(user, draft_id, rev, fields) -> Draft    Conflict: details["draft"] is the stored one
    drafts.open(user) -> tuple[Draft, ...]               those with typed text, newest first
    drafts.view(user, draft_id) -> Draft                 also for a colleague being consulted in its call
    drafts.discard(user, draft_id) -> None
    drafts.purge() -> int                                once a day

    appeals.save_card(user, form: CardForm, idempotency_key) -> Appeal   BadInput.details = {field: message}
    appeals.get(user, appeal_id) -> Appeal               NotFound, Forbidden
    appeals.update(user, appeal_id, form, version) -> Appeal   Conflict: details["fields"] = {name: [yours, stored]}
    appeals.forward(user, appeal_id, to_user_id, version, comment="") -> Appeal
    appeals.accept(user, appeal_id, version) -> Appeal
    appeals.decline(user, appeal_id, version, comment) / recall(user, appeal_id, version, comment="") -> Appeal
    handover.hand_over(user, card: CardRef, to_user_id) -> HandOver

    persons.search(user, PersonQuery) -> PersonsFound    PersonQuery.from_text(q) / .from_form(values)
    persons.by_phone(e164) -> tuple[PersonRow, ...]      at most 5
    persons.get(user, person_id) -> PersonRow
    persons.appeals(user, person_id, *, show_all=False) -> tuple[AppealRow, ...]

    classifier.{types, channels, sources, results, kinships}() -> tuple[Named, ...]
    classifier.pause_reasons() -> tuple[PauseEntry, ...]
    classifier.topics(type, q="") -> tuple[Topic, ...]
    classifier.scripts(topic, q="") -> tuple[ScriptText, ...]
    classifier.defaults(user) -> CardDefaults

    queries.folders(user) -> tuple[FolderCount, ...]
    queries.folder(user, code="") -> FolderDef           his first one without a code; Forbidden, BadInput
    queries.appeals(user, folder, *, order=None, filters=None, after=None, q="", limit=50) -> Page[AppealRow]
    queries.every(user, folder, …) -> AsyncIterator[tuple[AppealRow, ...]]   a whole folder, for exports
    queries.settings                                     orders, columns, kept lists, choices of filters
    queries.calls(user, *, after=None, limit=50) -> Page[CallRow]

    recordings.authorise(user, key, *, ip="", reason="", owed=False) -> str   the call's asterisk; Forbidden, NotFound

    outbox.relay() -> int                                publishes AppealChanged on the bus
"""
