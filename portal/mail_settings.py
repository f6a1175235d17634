"""The settings of mail about messages; a part of ``Settings``."""

from __future__ import annotations

from enum import StrEnum

from email_validator import EmailNotValidError, validate_email
from pydantic import Field, field_validator, model_validator
from pydantic_settings import BaseSettings

_LOCAL = {"localhost", "127.0.0.1", "::1"}


class MailSecurity(StrEnum):
    """How the connection to the mail server is protected."""

    STARTTLS = "starttls"
    TLS = "tls"  # from the first byte on
    NONE = "none"


class MailSettings(BaseSettings):
    """Mail is off while there is no host."""

    smtp_host: str = Field(
        default="",
        description="Mail server that tells people by mail that there is a message for them. "
        "Empty: no mail is sent.",
    )
    smtp_port: int = Field(default=587, ge=1, le=65535, description="Its port, 1 to 65535.")
    smtp_security: MailSecurity = Field(
        default=MailSecurity.STARTTLS,
        description="starttls, tls, or none; the server's certificate is verified.",
    )
    smtp_user: str = Field(default="", description="Account at the mail server; empty: none.")
    smtp_password: str = Field(default="", description="Its password.")
    mail_sender: str = Field(
        default="", description="Address that the mail comes from; needed with a mail server."
    )
    public_url: str = Field(
        default="",
        description="Address of the portal as its users type it, https://…, for the link in the "
        "mail; needed with a mail server.",
    )

    @field_validator("mail_sender")
    @classmethod
    def _check_sender(cls, value: str) -> str:
        if value:
            try:
                # An intranet's own domain is none of the public ones.
                validate_email(value, check_deliverability=False, test_environment=True)
            except EmailNotValidError:
                raise ValueError("an address like portal@example.com") from None
        return value

    @field_validator("public_url")
    @classmethod
    def _check_url(cls, value: str) -> str:
        if value and not value.startswith(("https://", "http://")):
            raise ValueError("https://…, or http://… inside a closed network")
        return value.rstrip("/")

    @model_validator(mode="after")
    def _check_mail(self) -> MailSettings:
        if not self.smtp_host:
            return self
        if not self.mail_sender or not self.public_url:
            raise ValueError(
                "PORTAL_SMTP_HOST: needs PORTAL_MAIL_SENDER and PORTAL_PUBLIC_URL as well"
            )
        in_clear = self.smtp_security is MailSecurity.NONE and self.smtp_host not in _LOCAL
        if self.smtp_user and in_clear:
            raise ValueError("PORTAL_SMTP_SECURITY: none would send PORTAL_SMTP_PASSWORD in clear")
        return self
