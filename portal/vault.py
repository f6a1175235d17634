"""Seals personal fields (ID number, phone) and makes the keyed hashes to find them by.

AES-256-GCM with a random nonce. What the value belongs to goes in as associated data, so that a
sealed value copied into another row, or another column, does not open (SECURITY: "the person who
steals the disk"). The keys are derived from the installation's secret key, one a purpose.
"""

from __future__ import annotations

import hmac
import os

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

VERSION = b"\x01"  # names the key and the algorithm, so that both can be changed later
NONCE_BYTES = 12


class SealBroken(Exception):
    """A sealed value does not open: another key, another row, or damaged."""


class Vault:
    """Seals and opens with keys derived from ``secret_key``."""

    def __init__(self, secret_key: str) -> None:
        self._aead = AESGCM(_derive(secret_key, b"portal sealed fields v1"))
        self._index_key = _derive(secret_key, b"portal keyed hashes v1")

    def seal(self, text: str, belongs_to: bytes) -> bytes:
        """Seal ``text``; ``belongs_to`` names column and row and must be given again to open."""
        return self.seal_file(text.encode(), belongs_to)

    def open(self, sealed: bytes, belongs_to: bytes) -> str:
        """Open what ``seal`` made. Raises ``SealBroken``."""
        return self.open_file(sealed, belongs_to).decode()

    def seal_file(self, content: bytes, belongs_to: bytes) -> bytes:
        """``seal`` for the content of a file."""
        nonce = os.urandom(NONCE_BYTES)
        return VERSION + nonce + self._aead.encrypt(nonce, content, belongs_to)

    def open_file(self, sealed: bytes, belongs_to: bytes) -> bytes:
        """Open what ``seal_file`` made. Raises ``SealBroken``."""
        if sealed[:1] != VERSION:
            raise SealBroken
        nonce, body = sealed[1 : 1 + NONCE_BYTES], sealed[1 + NONCE_BYTES :]
        try:
            return self._aead.decrypt(nonce, body, belongs_to)
        except InvalidTag:
            raise SealBroken from None

    def index(self, kind: str, text: str) -> bytes:
        """The keyed hash of ``text``, 32 bytes: equal for equal texts of one kind."""
        return hmac.digest(self._index_key, f"{kind}:{text}".encode(), "sha256")


def _derive(secret_key: str, purpose: bytes) -> bytes:
    return HKDF(SHA256(), length=32, salt=None, info=purpose).derive(secret_key.encode())
