"""站内信: messages to an organisation or to one person, and who has read them."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum

from sqlalchemy import CheckConstraint, ForeignKey, Index, LargeBinary, String
from sqlalchemy.orm import Mapped, mapped_column

from portal.models.base import Base, BigId, Moment, stored_enum
from portal.rules.attachments import AttachmentKind


class MessageKind(StrEnum):
    """Why a message was sent."""

    NOTICE = "notice"  # something that a person waits for happened
    REMINDER = "reminder"  # something is due
    URGING = "urging"  # 催办: a committee asks for it
    LETTER = "letter"  # 来信: a person wrote it


class Audience(StrEnum):
    """How far a message to an organisation reaches."""

    ONE = "one"  # its accounts alone
    BRANCHES = "branches"  # all branches below it
    SUBTREE = "subtree"  # itself and all below it


class Message(Base):
    """One message, to an organisation (all its accounts), to a subtree, or to one account.

    A letter to a subtree is one row: who is below finds it by the organisations above themselves.
    """

    __tablename__ = "message"
    __table_args__ = (
        CheckConstraint(
            "(CASE WHEN to_organisation_id IS NULL THEN 0 ELSE 1 END)"
            " + (CASE WHEN to_account_id IS NULL THEN 0 ELSE 1 END) = 1",
            name="one_addressee",
        ),
        Index("ix_message_to_organisation_id_audience", "to_organisation_id", "audience", "id"),
        Index("ix_message_to_account_id", "to_account_id", "id"),
        Index("ix_message_from_organisation_id", "from_organisation_id", "kind", "id"),
        Index("ix_message_sent_by_id", "sent_by_id", "kind", "id"),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    kind: Mapped[MessageKind] = mapped_column(stored_enum(MessageKind))
    to_organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"))
    audience: Mapped[Audience] = mapped_column(
        stored_enum(Audience), default=Audience.ONE, server_default=Audience.ONE.value
    )
    to_account_id: Mapped[int | None] = mapped_column(ForeignKey("account.id"))
    addressees: Mapped[int] = mapped_column(
        default=1, server_default="1", doc="How many organisations or persons it was sent to."
    )
    sent_by_id: Mapped[int | None] = mapped_column(
        ForeignKey("account.id"), doc="Empty: the portal itself."
    )
    from_organisation_id: Mapped[int | None] = mapped_column(
        ForeignKey("organisation.id"), doc="Whose account sent it; an answer goes there."
    )
    answers_id: Mapped[int | None] = mapped_column(
        ForeignKey("message.id"), doc="The message that it answers."
    )
    sender: Mapped[str] = mapped_column(String(200), doc="Who sent it, as it was then.")
    subject: Mapped[str] = mapped_column(String(100))
    body: Mapped[str] = mapped_column(String(4000))
    url: Mapped[str] = mapped_column(String(200), doc="Where the thing itself is; may be empty.")
    sent_at: Mapped[datetime] = mapped_column(Moment)
    once: Mapped[str | None] = mapped_column(
        String(80), unique=True, doc="What is sent once, however often it is asked for."
    )


class MessageRead(Base):
    """One account has read one message."""

    __tablename__ = "message_read"

    message_id: Mapped[int] = mapped_column(ForeignKey("message.id"), primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), primary_key=True)
    read_at: Mapped[datetime] = mapped_column(Moment)


class LetterDraft(Base):
    """A letter that its writer has kept and not sent. ``to`` is an ``Addressee`` as text."""

    __tablename__ = "letter_draft"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    token: Mapped[str] = mapped_column(
        String(40), unique=True, doc="Names the letter from its first page on: sent once."
    )
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    to: Mapped[str] = mapped_column(String(40))
    subject: Mapped[str] = mapped_column(String(100))
    body: Mapped[str] = mapped_column(String(4000))
    changed_at: Mapped[datetime] = mapped_column(Moment)


class LetterFile(Base):
    """An attachment: first of a letter that is being written, then of the message it became."""

    __tablename__ = "letter_file"
    __table_args__ = (
        CheckConstraint(
            "(CASE WHEN draft_id IS NULL THEN 0 ELSE 1 END)"
            " + (CASE WHEN message_id IS NULL THEN 0 ELSE 1 END) = 1",
            name="one_letter",
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    draft_id: Mapped[int | None] = mapped_column(ForeignKey("letter_draft.id"), index=True)
    message_id: Mapped[int | None] = mapped_column(ForeignKey("message.id"), index=True)
    name: Mapped[str] = mapped_column(String(100))
    kind: Mapped[AttachmentKind] = mapped_column(stored_enum(AttachmentKind))
    storage_key: Mapped[str] = mapped_column(String(100), unique=True)
    received_sha256: Mapped[bytes] = mapped_column(
        LargeBinary(32), doc="Of what was chosen; a picture is kept without what lies beside it."
    )
    sha256: Mapped[bytes] = mapped_column(LargeBinary(32), doc="Of the file in the store.")
    size: Mapped[int]


class MailNotice(Base):
    """One account is to be told by mail that there is something to read. One row an account."""

    __tablename__ = "mail_notice"

    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), primary_key=True)
    asked_at: Mapped[datetime] = mapped_column(Moment, doc="When the last message came.")
    due_at: Mapped[datetime | None] = mapped_column(
        Moment,
        index=True,
        doc="Not before this; while a worker has it in hand, when it is taken up again. "
        "Empty once nothing is left to do.",
    )
    failures: Mapped[int] = mapped_column(default=0, server_default="0")
    last_error: Mapped[str] = mapped_column(String(200), default="", server_default="")
    sent_at: Mapped[datetime | None] = mapped_column(Moment, doc="The last mail.")
    sent_count: Mapped[int] = mapped_column(default=0, server_default="0")
