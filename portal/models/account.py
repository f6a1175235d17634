"""Accounts of persons, and their sign-ins (the server-side sessions)."""

from __future__ import annotations

from datetime import datetime

from sqlalchemy import CheckConstraint, ForeignKey, LargeBinary, String, false
from sqlalchemy.orm import Mapped, mapped_column

from portal.models.base import Base, BigId, Moment


class Account(Base):
    """One person's account: of an organisation, of a member, or of an applicant; one of the three.

    An organisation can have several, so that every action names a person. On approval the
    applicant's account becomes the member's.
    """

    __tablename__ = "account"
    __table_args__ = (
        CheckConstraint(
            "(CASE WHEN organisation_id IS NULL THEN 0 ELSE 1 END)"
            " + (CASE WHEN member_id IS NULL THEN 0 ELSE 1 END)"
            " + (CASE WHEN joining_id IS NULL THEN 0 ELSE 1 END) = 1",
            name="one_owner",
        ),
    )

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    login: Mapped[str] = mapped_column(String(64), unique=True)
    password_hash: Mapped[str | None] = mapped_column(
        String(200), doc="Empty until the person has set a password with their one-time code."
    )
    person_name: Mapped[str] = mapped_column(String(50))
    organisation_id: Mapped[int | None] = mapped_column(ForeignKey("organisation.id"), index=True)
    member_id: Mapped[int | None] = mapped_column(ForeignKey("member.id"), unique=True)
    joining_id: Mapped[int | None] = mapped_column(ForeignKey("joining.id"), unique=True)
    disabled_at: Mapped[datetime | None] = mapped_column(Moment)
    created_at: Mapped[datetime] = mapped_column(Moment)
    email: Mapped[str] = mapped_column(
        String(254),
        default="",
        server_default="",
        doc="Of an organisation's account; a member's and an applicant's is with their data.",
    )
    mail_off: Mapped[bool] = mapped_column(
        default=False, server_default=false(), doc="The person wants no mail about messages."
    )


class OneTimeCode(Base):
    """A code with which a person sets their password: handed out once, by who knows the person.

    Only its hash is kept. It ends when it is used, when a newer one is issued, or by its time.
    """

    __tablename__ = "one_time_code"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    code_hash: Mapped[bytes] = mapped_column(LargeBinary(32))
    issued_at: Mapped[datetime] = mapped_column(Moment)
    issued_by_id: Mapped[int] = mapped_column(ForeignKey("account.id"))
    expires_at: Mapped[datetime] = mapped_column(Moment)
    ended_at: Mapped[datetime | None] = mapped_column(Moment, doc="When it was used or replaced.")


class SignIn(Base):
    """One sign-in of an account: the server's side of the session cookie.

    Of the cookie's token only the hash is kept, so that a copy of the database signs nobody in.
    """

    __tablename__ = "sign_in"

    id: Mapped[int] = mapped_column(BigId, primary_key=True)
    token_hash: Mapped[bytes] = mapped_column(LargeBinary(32), unique=True)
    account_id: Mapped[int] = mapped_column(ForeignKey("account.id"), index=True)
    address: Mapped[str] = mapped_column(String(45))
    user_agent: Mapped[str] = mapped_column(String(200))
    created_at: Mapped[datetime] = mapped_column(Moment)
    seen_at: Mapped[datetime] = mapped_column(Moment)
    ended_at: Mapped[datetime | None] = mapped_column(Moment)
