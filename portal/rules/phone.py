"""Mobile phone numbers of mainland China: 11 digits that begin with 1."""

from __future__ import annotations

import re
import unicodedata

_MOBILE = re.compile(r"1[0-9]{10}")
_GROUPED = re.compile(r"[\s.\-–—()·]+")
_COUNTRY = re.compile(r"^(\+86|0086)")

MESSAGE = "手机号共 11 位，以 1 开头。请核对后重新填写。"


def parse_phone(text: str) -> str | None:
    """The eleven digits; full-width digits, spaces, hyphens and +86 are taken as typed."""
    plain = _GROUPED.sub("", unicodedata.normalize("NFKC", text))
    plain = _COUNTRY.sub("", plain)
    return plain if _MOBILE.fullmatch(plain) else None
