"""``flask audit …``: whether the record is whole."""

from __future__ import annotations

import click
from flask.cli import AppGroup

from portal.schema_needed import schema_needed
from portal.services import record_seals

audit = AppGroup("audit", help="The record (操作日志) and its seals.")


@audit.command()
@click.option("--expect", default="", help="A seal that was written down; it must be there.")
@schema_needed
def verify(expect: str) -> None:
    """Hash the record anew and compare it with its seals; exit 1 when it does not fit."""
    found = record_seals.verify(expect.strip().lower())
    for trouble in found.troubles:
        click.echo(f"{trouble.day or 'no seal'}: {trouble.text}")
    click.echo(
        f"{found.days} days with {found.lines} lines sealed, {found.unsealed} lines not sealed yet."
    )
    if found.last:
        click.echo(f"The last seal, to be written down elsewhere: {found.last}")
    if found.troubles:
        raise SystemExit(1)
    click.echo("The record fits its seals.")


@audit.command()
@schema_needed
def seal() -> None:
    """Seal the days that have ended; the worker does it every night."""
    click.echo(f"Sealed {record_seals.seal_if_due()} days.")
