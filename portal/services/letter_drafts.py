"""Letters that are kept and not sent: one person's alone, gone a week after the last change."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, delete, select

from portal import clock
from portal.access import Action, Actor, require
from portal.errors import NotFound, PortalError
from portal.extensions import db
from portal.models import LetterDraft, LetterFile
from portal.rules.letters import Addressee, LetterText, clean_letter
from portal.runtime import runtime
from portal.services.letters import LetterFaults, destination
from portal.services.transaction import writing

KEPT = timedelta(days=7)
"""How long a letter that nobody touches is kept."""

MOST = 10
"""Letters that one person keeps at a time."""


class TooManyDrafts(PortalError):
    """The person keeps as many letters as may be."""

    status = 409

    def __init__(self) -> None:
        super().__init__(
            f"没有保存：您已有 {MOST} 份草稿。请先在“草稿”里发送或删除不用的。您填写的内容还在。"
        )


@dataclass(frozen=True, slots=True)
class DraftRow:
    """A kept letter in the list."""

    token: str
    subject: str
    changed_at: datetime


def save(actor: Actor, token: str, to: Addressee, typed: LetterText) -> None:
    """Keep what is typed so far. Raises ``LetterFaults``, ``TooManyDrafts``, as ``destination``."""
    require(actor, Action.ANSWER_MESSAGE)
    text = clean_letter(typed, whole=False)
    if not isinstance(text, LetterText):
        raise LetterFaults(text)
    with writing() as session:
        destination(actor, to)  # nobody keeps a letter to whom they may not write to
        draft = session.scalar(_named(token).with_for_update())
        if draft is None:
            if len(drafts_of(actor)) >= MOST:
                raise TooManyDrafts
            draft = LetterDraft(token=token, account_id=actor.account_id)
            session.add(draft)
        elif draft.account_id != actor.account_id:
            raise NotFound
        draft.to, draft.subject, draft.body = str(to), text.subject, text.body
        draft.changed_at = clock.now()


def find_draft(actor: Actor, token: str) -> LetterDraft:
    """The actor's own kept letter. Raises ``NotFound``."""
    require(actor, Action.ANSWER_MESSAGE)
    draft: LetterDraft | None = db.session.scalar(_named(token))
    if draft is None or draft.account_id != actor.account_id or draft.changed_at < _oldest():
        raise NotFound
    return draft


def drafts_of(actor: Actor) -> tuple[DraftRow, ...]:
    """The letters that the actor keeps, the last changed first."""
    require(actor, Action.ANSWER_MESSAGE)
    rows = db.session.execute(
        select(LetterDraft.token, LetterDraft.subject, LetterDraft.changed_at)
        .where(LetterDraft.account_id == actor.account_id, LetterDraft.changed_at >= _oldest())
        .order_by(LetterDraft.changed_at.desc(), LetterDraft.id.desc())
    )
    return tuple(DraftRow(*row) for row in rows)


def discard(actor: Actor, token: str) -> None:
    """删除草稿, with its files; one that is gone already is fine."""
    require(actor, Action.ANSWER_MESSAGE)
    _forget(LetterDraft.token == token, LetterDraft.account_id == actor.account_id)


def forget_old() -> int:
    """Remove the letters whose time is over, with their files; how many letters."""
    return _forget(LetterDraft.changed_at < _oldest())


def _forget(*which: ColumnElement[bool]) -> int:
    """First the rows, then the files: a crash between leaves files, which the sweep finds."""
    with writing() as session:
        ids = session.scalars(select(LetterDraft.id).where(*which).with_for_update()).all()
        files = LetterFile.draft_id.in_(ids)
        keys = session.scalars(select(LetterFile.storage_key).where(files)).all()
        session.execute(delete(LetterFile).where(files))
        session.execute(delete(LetterDraft).where(LetterDraft.id.in_(ids)))
    for key in keys:
        runtime().store.delete(key)
    return len(ids)


def _oldest() -> datetime:
    return clock.now() - KEPT


def _named(token: str) -> Any:
    return select(LetterDraft).where(LetterDraft.token == token)
