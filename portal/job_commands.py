"""``flask jobs …`` and ``flask scans …``: what the worker has to do, and derived data anew."""

from __future__ import annotations

import time
from datetime import datetime

import click
from flask.cli import AppGroup

from portal.models import JobKind, JobState
from portal.schema_needed import schema_needed
from portal.services import jobs as job_rows
from portal.services import readiness, rechecking

SHOWN = 50
LOOK_EVERY_SECONDS = 1.0

jobs = AppGroup("jobs", help="What the worker has to do.")
scans = AppGroup("scans", help="What is derived from the forms: looks and page pictures.")


@jobs.command("list")
@schema_needed
def list_jobs() -> None:
    """How many jobs there are by kind and state, those under way, and those that were given up."""
    counts = job_rows.counts()
    click.echo(f"{'':<6}" + "".join(f"{state:>9}" for state in JobState))
    for kind in JobKind:
        line = "".join(f"{counts.get((kind, state), 0):>9}" for state in JobState)
        click.echo(f"{kind:<6}{line}")
    for job in [*job_rows.jobs_under_way(SHOWN), *job_rows.failed_jobs(SHOWN)]:
        click.echo(
            f"{job.id}: {job.kind} of scan {job.scan_id}, {_standing(job)}, "
            f"attempts: {job.attempts}" + (f": {job.last_error}" if job.last_error else "")
        )


@jobs.command()
@click.argument("job_id", type=int, required=False)
@click.option("--failed", is_flag=True, help="All that were given up.")
@schema_needed
def retry(job_id: int | None, failed: bool) -> None:
    """Let a job begin anew."""
    if (job_id is None) is not failed:
        raise click.UsageError("Give the number of a job, or --failed.")
    count = job_rows.retry(job_id)
    if not count and not failed:
        raise click.ClickException(f"There is no job {job_id}.")
    click.echo(f"{count} begin anew.")


@jobs.command()
@click.argument("job_id", type=int)
@schema_needed
def drop(job_id: int) -> None:
    """Let nobody do a job. The form is not touched; `jobs retry` takes it up again."""
    if not job_rows.drop(job_id):
        raise click.ClickException(f"There is no job {job_id} that is left to do.")
    click.echo("Dropped.")


@scans.command()
@click.option("--all", "every", is_flag=True, help="Also forms that today's checks have seen.")
@click.option("--wait", is_flag=True, help="Show how far it is, until it is done.")
@schema_needed
def recheck(every: bool, wait: bool) -> None:
    """Look again at the forms that today's checks have not seen, in the background.

    May be stopped and started again: what is asked for is kept, and done once.
    """
    click.echo(f"Asked for {rechecking.ask_looks(every=every)} looks.")
    if wait:
        _wait(JobKind.LOOK)


@scans.command()
@click.option("--wait", is_flag=True, help="Show how far it is, until it is done.")
@schema_needed
def redraw(wait: bool) -> None:
    """Draw the page pictures that are missing, in the background."""
    click.echo(f"Asked for the pictures of {rechecking.ask_pictures()} forms.")
    if wait:
        _wait(JobKind.DRAW)


@scans.command("drop-derived")
@click.confirmation_option(prompt="Drop all looks and page pictures? They can be made again.")
@schema_needed
def drop_derived() -> None:
    """Drop all looks and page pictures; `recheck` and `redraw` make them again."""
    dropped = rechecking.drop()
    click.echo(f"Dropped {dropped.looks} looks and {dropped.pictures} pictures.")


def _standing(job: job_rows.JobLine) -> str:
    if job.state is JobState.RUNNING:
        return f"running since {_moment(job.started_at)}, {job.progress} %"
    if job.state is JobState.WAITING:
        return f"again from {_moment(job.due_at)}, {job.progress} %"
    return f"{job.state} {_moment(job.ended_at)}"


def _moment(at: datetime | None) -> str:
    """As in the log: UTC."""
    return f"{at:%Y-%m-%d %H:%M:%S} UTC" if at else "—"


def _wait(kind: JobKind) -> None:
    """Show how many jobs of a kind are left; Ctrl-C ends the showing alone."""
    left = job_rows.count_open(kind)
    with click.progressbar(length=left, label=str(kind)) as bar:
        while left:
            if not readiness.readiness()["worker"]:
                raise click.ClickException("The worker is away; the jobs wait for it.")
            time.sleep(LOOK_EVERY_SECONDS)
            before, left = left, job_rows.count_open(kind)
            bar.update(max(0, before - left))
