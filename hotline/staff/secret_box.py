"""Secrets that must be read again, encrypted at rest: AES-128-CBC with HMAC-SHA-256 (Fernet of ``cryptography``).

A list of keys makes rotation possible without a moment in which nobody can log in: the first writes, all of them read.
"""

from __future__ import annotations

from collections.abc import Sequence

from cryptography.fernet import Fernet, InvalidToken, MultiFernet
from pydantic import SecretStr

from hotline.errors import Unavailable


class SecretBox:
    """Encrypts and decrypts with the keys of the settings.

    :param keys: as ``hotline user new-key`` prints them; the first encrypts. Empty: the box is locked.
    """

    def __init__(self, keys: Sequence[SecretStr]) -> None:
        self._keys = [Fernet(key.get_secret_value()) for key in keys]

    @property
    def usable(self) -> bool:
        """Whether there is a key at all."""
        return bool(self._keys)

    def seal(self, owner: int, secret: str) -> str:
        """Encrypt ``secret`` so that it opens for this owner only: a row copied to another account is worthless.

        :raises Unavailable: there is no key (``no-secret-key``).
        """
        return self._box().encrypt(f"{owner}:{secret}".encode()).decode()

    def open(self, owner: int, sealed: str) -> str:
        """Decrypt what :meth:`seal` made for ``owner``.

        :raises Unavailable: no key fits (it was taken out of the settings too early), or it is another's secret.
        """
        try:
            of, _, secret = self._box().decrypt(sealed.encode()).decode().partition(":")
        except InvalidToken as error:
            raise _locked("no key of HOTLINE_SECRET_KEYS opens this secret") from error
        if of != str(owner):
            raise _locked("this secret belongs to another account")
        return secret

    def renewed(self, sealed: str) -> str:
        """Encrypt anew with the first key.

        :raises Unavailable: no key fits.
        """
        try:
            return self._box().rotate(sealed.encode()).decode()
        except InvalidToken as error:
            raise _locked("no key of HOTLINE_SECRET_KEYS opens this secret") from error

    def _box(self) -> MultiFernet:
        if not self._keys:
            raise _locked("HOTLINE_SECRET_KEYS is empty: `hotline user new-key` prints a key")
        return MultiFernet(self._keys)


def new_key() -> str:
    """Return a new random key, for the settings."""
    return Fernet.generate_key().decode()


def _locked(message: str) -> Unavailable:
    return Unavailable(message, error_id="no-secret-key")
