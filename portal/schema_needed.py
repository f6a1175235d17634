"""What a command asks before it begins: is the database there, and is its schema today's."""

from __future__ import annotations

from collections.abc import Callable
from functools import wraps
from typing import ParamSpec, TypeVar

import click
from sqlalchemy.exc import OperationalError

from portal.services import installation

P = ParamSpec("P")
T = TypeVar("T")


def schema_needed(command: Callable[P, T]) -> Callable[P, T]:
    """Have ``command`` say in one sentence what to do where its tables are not there."""

    @wraps(command)
    def asked_first(*args: P.args, **kwargs: P.kwargs) -> T:
        trouble = _trouble()
        if trouble:
            raise click.ClickException(trouble)
        return command(*args, **kwargs)

    return asked_first


def _trouble() -> str:
    newest = installation.newest_revision()
    try:
        held = installation.schema_revision()
    except OperationalError as error:
        reason = " ".join(str(error.orig).split())
        return f"The database does not answer ({reason}). See DATABASE_URL in the settings."
    if held is None:
        return (
            "The database has no tables yet. Start the portal once with bin/run, "
            "or make them with: bin/flask db upgrade"
        )
    if held < newest:
        return (
            f"The database stands at revision {held}, this portal needs {newest}. "
            "Stop the portal, back it up, and run: bin/flask db upgrade"
        )
    if held > newest:
        return f"The database is of a newer portal (revision {held}); this one knows {newest}."
    return ""
