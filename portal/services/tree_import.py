"""导入组织: the tree brought in once, at the start of an installation. Organisations only.

The file is kept until it is confirmed; confirming reads and checks it again, so that what was
previewed is what is written, whatever the browser sends.
"""

from __future__ import annotations

import re
import secrets
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import func, insert, select

from portal import clock
from portal.access import Action, Actor
from portal.extensions import db
from portal.models import Joining, Member, Organisation
from portal.rules.tree_rows import PlannedOrganisation, RowFault, TreePlan, plan_tree
from portal.runtime import runtime
from portal.services import audit
from portal.services.organisation_changes import (
    OrganisationRefused,
    find_for,
    initials_of,
)
from portal.services.transaction import count_on, writing
from portal.services.tree_lock import lock_tree
from portal.services.tree_sheet import MAX_SHEET_BYTES, SheetRefused, read_sheet
from portal.storage import Incoming, MissingFile

FAULTS_SHOWN = 200
CHUNK = 5000
_TOKEN = re.compile(r"[0-9a-f]{32}")


@dataclass(frozen=True, slots=True)
class SheetPreview:
    """What a sheet would come to; ``token`` confirms it, and is empty while a row is wrong."""

    token: str
    rows: int
    kinds: tuple[tuple[str, int], ...]
    first: tuple[tuple[int, str, str], ...]  # depth, kind, name of the first organisations
    faults: tuple[RowFault, ...]
    fault_count: int


FIRST_SHOWN = 30


def is_fresh() -> bool:
    """Whether a tree may be brought in: nothing is below the municipal committee yet."""
    return not any(
        db.session.scalar(select(model.id).where(criterion).limit(1))
        for model, criterion in (
            (Organisation, Organisation.parent_id.is_not(None)),
            (Member, Member.id.is_not(None)),
            (Joining, Joining.id.is_not(None)),
        )
    )


def require_fresh(actor: Actor) -> Organisation:
    """The municipal committee, if a tree may be brought in. Raises ``OrganisationRefused``."""
    assert actor.organisation_id is not None
    top = find_for(actor, Action.BRING_IN_TREE, actor.organisation_id)
    if not is_fresh():
        raise OrganisationRefused(
            "已经有组织或团员，不能再导入。导入只在开始时做一次；以后请在“下级组织管理”里逐个新增。"
        )
    return top


def preview(actor: Actor, receive: Callable[[Incoming], None]) -> SheetPreview:
    """Check the file that ``receive`` writes, and keep it when nothing is wrong with it.

    Raises ``SheetRefused`` or ``OrganisationRefused``; nothing is written in any case.
    """
    require_fresh(actor)
    db.session.rollback()  # no database connection is held while a slow line sends
    with runtime().store.receive(MAX_SHEET_BYTES) as incoming:
        receive(incoming)
        if incoming.size == 0:
            raise SheetRefused("没有选择文件，或文件是空的。请选择填好的 .xlsx。")
        if incoming.over_limit:
            raise SheetRefused("文件超过 5M。请只保留四列文字，去掉图片和格式后再上传。")
        incoming.finish()
        rows = read_sheet(incoming.path)
        if not rows:
            raise SheetRefused("表里没有组织。请从第 2 行开始，每行填一个组织。")
        plan, token = plan_tree(rows), ""
        if not plan.faults:
            token = secrets.token_hex(16)
            runtime().store.keep(incoming, _key(token))
    return _preview(plan, token, len(rows))


def confirm(actor: Actor, token: str) -> int:
    """Write the previewed tree, all of it or nothing; returns how many organisations.

    Raises ``OrganisationRefused`` when somebody was faster, ``SheetRefused`` for a token that
    nobody was given or that was used.
    """
    require_fresh(actor)
    planned = _plan_of(token).organisations
    letters = {name: initials_of(name) for name in {one.name for one in planned}}
    with writing() as session:
        lock_tree()
        top = require_fresh(actor)
        made = _rows(planned, letters, top)
        for start in range(0, len(made), CHUNK):
            session.execute(insert(Organisation), made[start : start + CHUNK])
        count_on(Organisation)
        audit.record(
            actor,
            audit.Event.TREE_BROUGHT_IN,
            organisations=len(made),
            first=made[0]["id"],
            last=made[-1]["id"],
        )
    runtime().store.delete(_key(token))
    return len(made)


def _plan_of(token: str) -> TreePlan:
    expired = SheetRefused("这份预览已经用过或过期。请重新上传文件。")
    if not _TOKEN.fullmatch(token):
        raise expired
    try:
        with runtime().store.local_copy(_key(token)) as path:
            plan = plan_tree(read_sheet(path))
    except MissingFile:
        raise expired from None
    return plan


def _key(token: str) -> str:
    return f"trees/{token}.xlsx"


def _rows(
    planned: tuple[PlannedOrganisation, ...], letters: Mapping[str, str], top: Organisation
) -> list[dict[str, Any]]:
    """The rows to insert, parents first, with ids and paths."""
    next_id = (db.session.scalar(select(func.max(Organisation.id))) or 0) + 1
    moment = clock.now()
    made: list[dict[str, Any]] = []
    for place, one in enumerate(planned):
        parent_id, above = top.id, top.path
        if one.parent is not None:
            parent_id, above = made[one.parent]["id"], made[one.parent]["path"]
        made.append(
            {
                "id": next_id + place,
                "parent_id": parent_id,
                "kind": one.kind,
                "name": one.name,
                "initials": letters[one.name],
                "path": f"{above}{next_id + place}/",
                "changed_at": moment,
            }
        )
    return made


def _preview(plan: TreePlan, token: str, rows: int) -> SheetPreview:
    kinds = Counter(one.kind.label for one in plan.organisations)
    return SheetPreview(
        token=token,
        rows=rows,
        kinds=tuple(kinds.items()),
        first=tuple(
            (one.depth, one.kind.label, one.name) for one in plan.organisations[:FIRST_SHOWN]
        ),
        faults=plan.faults[:FAULTS_SHOWN],
        fault_count=len(plan.faults),
    )
