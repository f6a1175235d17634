"""``bin/bench archives``: 支部电子档案目录 with the forms behind it, of 40, 200 and 600 pages.

Made as ``bin/bench reports`` makes its own: by a fresh process that holds nothing else, its memory
sampled together with its typesetter's and the sandbox's. No page was drawn before.
"""

from __future__ import annotations

import random
import tempfile
from pathlib import Path
from typing import Any

from sqlalchemy import insert

from bench.reports import MIB, actor_of, insert_members, made_apart
from bench.server import table
from portal import clock
from portal.application import create_app
from portal.demo.load import keep_form, member_row
from portal.demo.members import DemoMember, Profile
from portal.demo.paper import Paper, bind
from portal.demo.people import People
from portal.demo.tree import Node, Tree
from portal.models import RunState, Scan, ScanState
from portal.reports.archive import WITH_FORMS
from portal.reports.report import Asked
from portal.rules.organisations import OrganisationKind as Kind
from portal.services import report_runs
from portal.services.installation import migrate
from portal.services.transaction import writing
from portal.settings import load_settings

FORMS = (2, 10, 30)
PAGES = 20
"""Pages of a form; 600 in one file are the most."""


def main() -> None:
    lines = []
    with tempfile.TemporaryDirectory() as folder:
        instance = Path(folder) / "instance"
        app = create_app(load_settings(instance=instance, log_level="WARNING"))
        with app.app_context():
            migrate()
            branches = _fill()
        for branch in branches:
            actor = actor_of(branch)
            asked = Asked(branch.id, options=frozenset({WITH_FORMS}))
            made, peak = made_apart(instance, actor, "archive", asked)
            with app.app_context():
                run = report_runs.find_run(actor, made.run_id)
                assert run.state is RunState.DONE, run.words
                sizes = [f"{one / MIB:.0f}" for one in (run.files["pdf"]["size"], sum(peak), *peak)]
                lines.append((run.rows, run.pages, f"{made.seconds:.1f}", *sizes))
        app.extensions["portal"].close()
    heads = ("forms", "pages", "PDF s", "PDF MiB", "peak MiB", "worker")
    table((*heads, "typesetter and sandbox", "children"), lines)


def _fill() -> list[Node]:
    """A branch for each size, whose members' forms lie in the store."""
    tree, people, today = Tree(), People(random.Random(9)), clock.today()
    top = tree.add(None, Kind.MUNICIPAL, "共青团北京市委员会")
    district = tree.add(top, Kind.DISTRICT, "第一区团区委")
    branches = [
        tree.add(district, Kind.BRANCH, f"第一区第一中学高一({place})班团支部")
        for place, _ in enumerate(FORMS, 1)
    ]
    homes = [branch for branch, forms in zip(branches, FORMS, strict=True) for _ in range(forms)]
    rows = []
    for place, home in enumerate(homes, 1):
        number = f"{today.year}110{place:05d}"
        profile = Profile(today.replace(day=1), today, number, with_scan=True)
        member = DemoMember(people.person(profile.joined), profile)
        rows.append(member_row(place, home.id, member))
    insert_members(tree, branches, rows)
    paper = Paper()
    scans = [_scan_row(row, paper) for row in rows]
    with writing() as session:
        session.execute(insert(Scan), scans)
    return branches


def _scan_row(member: dict[str, Any], paper: Paper) -> dict[str, Any]:
    content = bind(paper.pictures(member["number"], member["name"], "第一团支部", PAGES))
    return {
        "member_id": member["id"],
        **keep_form(content),
        "pages": PAGES,
        "late": False,
        "uploaded_at": clock.now(),
        "uploaded_by_id": member["branch_id"],
        "state": ScanState.CURRENT,
    }
