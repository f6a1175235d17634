"""``flask mail …``: what mail there is to send, and whether the mail server takes one."""

from __future__ import annotations

import smtplib

import click
from flask.cli import AppGroup

from portal.runtime import runtime
from portal.schema_needed import schema_needed
from portal.services import mail as service

mail = AppGroup("mail", help="Mail that tells people of their messages.")


@mail.command()
@schema_needed
def status() -> None:
    """How many mails wait, went out and were given up, and what the mail server said last."""
    found = service.status()
    host = runtime().settings.smtp_host
    click.echo(f"Mail goes through {host}." if found.on else "Mail is off: PORTAL_SMTP_HOST.")
    click.echo(
        f"{found.waiting} wait, {found.mails} went out to {found.accounts} accounts, "
        f"{found.given_up} given up until their next message."
    )
    for account_id, error in found.errors:
        click.echo(f"account {account_id}: {error}")


@mail.command()
@click.argument("address")
def test(address: str) -> None:
    """Send one mail to an address now; exit 1 and the reason when that fails."""
    if not runtime().settings.smtp_host:
        raise click.ClickException("Mail is off: PORTAL_SMTP_HOST.")
    try:
        service.send_test(address)
    except (OSError, smtplib.SMTPException) as error:
        raise click.ClickException(f"{type(error).__name__}: {error}") from None
    click.echo("Sent.")
