"""The flask commands: a few lines each, the work is a service's."""

from __future__ import annotations

import click
from flask import Flask

from portal import job_commands, mail_commands, record_commands
from portal.clock import format_moment
from portal.errors import NotFound
from portal.schema_needed import schema_needed
from portal.services import codes, installation
from portal.services import fsck as checker
from portal.services.sweep import sweep as sweep_now
from portal.settings import Settings


def init_app(app: Flask) -> None:
    """Attach the commands."""
    groups = (job_commands.jobs, job_commands.scans, mail_commands.mail, record_commands.audit)
    for command in (init, code, demo, fsck, sweep, settings, *groups):
        app.cli.add_command(command)


@click.command()
@click.option("--committee", default="共青团北京市委员会", help="Name of the municipal committee.")
@click.option("--login", prompt=True, help="Account name of its first person.")
@click.option("--person", prompt=True, help="Name of that person.")
@click.option("--password", prompt=True, hide_input=True, confirmation_prompt=True)
def init(committee: str, login: str, person: str, password: str) -> None:
    """Make the first municipal account in an empty database."""
    if len(password) < 12:
        raise click.ClickException("The password needs at least 12 characters.")
    installation.migrate()
    try:
        installation.install(committee, login, person, password)
    except installation.AlreadyInstalled:
        raise click.ClickException("The database holds data already; nothing changed.") from None
    click.echo(f"Made {committee} and the account {login}.")


@click.command()
@click.argument("login")
@schema_needed
def code(login: str) -> None:
    """Print a one-time code for an account: for a municipal committee that nobody can get into."""
    try:
        issued = codes.issue_by_operator(login)
    except NotFound:
        raise click.ClickException(f"There is no account {login}; nothing changed.") from None
    except codes.AccountDisabled:
        raise click.ClickException(f"The account {login} is disabled; nothing changed.") from None
    click.echo(
        f"{issued.code} for {issued.login} ({issued.person_name}), good once, until "
        f"{format_moment(issued.expires_at)}. Enter it on the sign-in page: 用一次性码设置密码."
    )


@click.command()
@click.option("--scale", type=click.Choice(["demo", "city"]), default="demo", show_default=True)
def demo(scale: str) -> None:
    """Load invented people into an empty database."""
    from portal.demo.load import DemoRefused, load_city, load_demo

    installation.migrate()
    try:
        (load_demo if scale == "demo" else load_city)(progress=click.echo)
    except DemoRefused as error:
        raise click.ClickException(str(error)) from None


@click.command()
@click.option("--repair", is_flag=True, help="Mend derived data (stored rules, tallies) only.")
@click.option("--no-read", is_flag=True, help="Do not compare the files' bytes, only their sizes.")
@schema_needed
def fsck(repair: bool, no_read: bool) -> None:
    """Compare what is stored with the rules and the files; exit 1 when something is left."""
    findings = checker.check(read_files=not no_read)
    for finding in findings:
        click.echo(f"{finding.kind}: {finding.subject}: {finding.text}")
    if repair and any(finding.derived for finding in findings):
        click.echo(f"Repaired {checker.repair()} rows.")
        findings = [finding for finding in findings if not finding.derived]
    click.echo(f"{len(findings)} findings." if findings else "Clean.")
    if findings:
        raise SystemExit(1)


@click.command()
@schema_needed
def sweep() -> None:
    """Remove files that nobody needs any more; the worker does it every night."""
    swept = sweep_now()
    click.echo(
        f"Removed {swept.half_received} half received, {swept.orphans} without a row, "
        f"{swept.past_undo} past the days of undo, {swept.drafts} drafts or their files, "
        f"{swept.letters} letters not sent or their files."
    )


@click.command()
def settings() -> None:
    """Print every setting: name, default, what it does."""
    for name, field in Settings.model_fields.items():
        variable = "DATABASE_URL" if name == "database_url" else f"PORTAL_{name.upper()}"
        default = ",".join(field.default) if isinstance(field.default, tuple) else field.default
        click.echo(f"{variable} = {default}\n    {field.description}")
