"""People: organisations, users, roles, rights, sessions, the telephone directory and the audit trail.

``service.StaffService(db, clock, settings)`` is the door::

    log_in(login, password, *, ip, user_agent) -> Session       NotAuthenticated, TooManyAttempts
    session(token) -> Session | None
    log_out(token) -> None
    change_password(user_id, old, new, *, keep_token="") -> None     NotAuthenticated, BadInput
    create_user(new: NewUser, *, by: User | None = None) -> User     BadInput, Conflict
    user(user_id) -> User | None        by_extension(extension) -> User | None
    set_password(login, new, *, by, keep_token="") -> None           an administrator's command
    purge() -> int                      expired sessions, old attempts: once a day
    directory(q, limit=20) -> tuple[DirectoryEntry, ...]
"""
