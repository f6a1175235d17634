"""What can go wrong in the domain, each with the sentence that a user reads.

Nothing here knows Flask or the database. One handler (``portal/blueprints/errors.py``) turns
a ``PortalError`` into a page or, for htmx, into a message beside the thing.
"""

from __future__ import annotations

from typing import ClassVar


class PortalError(Exception):
    """An error that a user can do something about.

    ``status`` is the HTTP status it answers with; ``message`` says what happened, why and what
    to do next, in Chinese.
    """

    status: ClassVar[int] = 400

    def __init__(self, message: str) -> None:
        super().__init__(message)
        self.message = message


class NotFound(PortalError):
    """The object is not there, or not in the actor's scope: the same answer for both."""

    status = 404

    def __init__(self) -> None:
        super().__init__("没有找到这个页面，或者它不在您的管理范围内。")


class NotAllowed(PortalError):
    """The actor's role never does this, whatever the object."""

    status = 403

    def __init__(self, message: str = "您的账号没有这项权限。需要时请联系上级团委。") -> None:
        super().__init__(message)


class UnseenCharacter(PortalError):
    """A NUL in what was sent: PostgreSQL takes none, and SQLite reads a text only up to it."""

    status = 400

    def __init__(self) -> None:
        super().__init__(
            "送来的内容里有看不见的字符（U+0000），没有办理，没有任何改动。"
            "可能是从别处复制时带来的，请手工重新输入。"
        )


class StoreUnavailable(PortalError):
    """The disk is full or the store is away; nothing was changed."""

    status = 503

    def __init__(self, reason: str) -> None:
        super().__init__(
            "现在存不下文件，没有任何改动。请稍后再试；如果一直这样，请联系系统管理员。"
        )
        self.reason = reason  # for the log, never for the user
