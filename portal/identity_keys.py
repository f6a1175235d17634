"""The keys of 身份码: one pair a day, derived from the installation's, so that they rotate alone.

AES-SIV (RFC 5297): a code of 11 bytes becomes 27, of which 16 say that it was made here and with
this content. It needs no nonce, which the address has no room for. What is inside can't be read
without the key, and a token that nobody made is refused by a comparison in constant time.
"""

from __future__ import annotations

from functools import lru_cache

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESSIV
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

DAYS_KEPT = 8
"""Keys of so many days are kept ready; they are derived anew in a moment."""


class IdentityKeys:
    """Seals and opens codes of a day with keys derived from ``secret``."""

    def __init__(self, secret: str) -> None:
        self._secret = secret.encode()
        self._of = lru_cache(maxsize=DAYS_KEPT)(self._derive)

    def seal(self, code: bytes, day: int) -> bytes:
        """A code of a day, sealed."""
        return self._of(day).encrypt(code, None)

    def open(self, sealed: bytes, day: int) -> bytes | None:
        """What ``seal`` made on that day; None: it did not."""
        try:
            return self._of(day).decrypt(sealed, None)
        except (InvalidTag, ValueError):  # the latter: too short to be one
            return None

    def _derive(self, day: int) -> AESSIV:
        purpose = b"portal identity codes v1 day %d" % day
        return AESSIV(HKDF(SHA256(), length=64, salt=None, info=purpose).derive(self._secret))
