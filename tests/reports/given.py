"""A report's file as bytes."""

from __future__ import annotations

from portal.access import Actor
from portal.models import ReportRun
from portal.reports import making


def given_file(actor: Actor, run: ReportRun, ending: str) -> bytes | None:
    """What a person is given, read to its end; its size and hash are what was said of it."""
    given = making.file_of(actor, run, ending)
    if given is None:
        return None
    with given.file as file:
        content = file.read()
    assert len(content) == given.size
    return content
