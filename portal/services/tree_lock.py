"""Keeping the tree as it is while something goes on: whoever changes it takes the one lock alone.

The row at the top is the lock, taken before any other row. SQLite has one writer anyway.
"""

from __future__ import annotations

from sqlalchemy import select

from portal.extensions import db
from portal.models import Organisation

_TOP = select(Organisation.id).where(Organisation.parent_id.is_(None))


def lock_tree() -> None:
    """Keep everybody else from changing the tree until the transaction ends.

    PostgreSQL's weaker row lock lets new accounts and members refer to the row meanwhile.
    """
    db.session.execute(_TOP.with_for_update(key_share=True))


def hold_tree() -> None:
    """Keep everybody from changing the tree until the transaction ends; many may hold it at once.

    For what goes from one branch to another, so that neither is closed or merged on the way.
    """
    db.session.execute(_TOP.with_for_update(read=True))
