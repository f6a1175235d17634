"""``bin/bench reports``: 未上传入团志愿书名单 of 50 to 20,000 rows, from the order to its files.

Floors in the same run: the same table by reportlab's platypus, and by XlsxWriter alone. Each report is
made by a fresh process that holds nothing else, as a worker. Memory is PSS (what is shared counts
once), sampled while it is made: the worker, its typesetter and the typesetter's children together,
and each at that moment; this process and its floors are printed apart.
"""

from __future__ import annotations

import io
import json
import os
import pickle
import random
import selectors
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import xlsxwriter
from flask import Flask
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4, landscape
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.platypus import LongTable, SimpleDocTemplate, TableStyle
from sqlalchemy import insert

from bench.memory import children, pss
from bench.server import table
from portal import clock
from portal.access import Actor, Role
from portal.application import create_app
from portal.demo.load import hold_numbers, member_row, organisation_row, tally_rows
from portal.demo.members import DemoMember, Profile
from portal.demo.people import People
from portal.demo.tree import Node, Tree
from portal.models import Account, Member, Organisation, RunState, Tally
from portal.reports import pages
from portal.reports.content import Content
from portal.reports.report import Asked
from portal.rules.organisations import OrganisationKind as Kind
from portal.services import report_runs
from portal.services.installation import migrate
from portal.services.month_tallies import count_anew
from portal.services.transaction import writing
from portal.settings import load_settings

ROWS = (50, 500, 2_000, 20_000)
OF_A_BRANCH = 40
MIB = 1024 * 1024


def main() -> None:
    pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light"))
    with tempfile.TemporaryDirectory() as folder:
        instance = Path(folder) / "instance"
        app = create_app(load_settings(instance=instance, log_level="WARNING"))
        with app.app_context():
            migrate()
            places = _fill()
        lines = [_measure(app, instance, rows, place) for rows, place in places.items()]
        app.extensions["portal"].close()
    heads = (
        "rows",
        "pages",
        "PDF s",
        "reportlab s",
        "ratio",
        "XLSX s",
        "XlsxWriter s",
        "ratio",
        "PDF KiB",
        "peak MiB",
        "worker",
        "typesetter",
        "children",
        "the bench itself",
    )
    table(heads, lines)


def _measure(app: Flask, instance: Path, rows: int, place: Node) -> tuple[object, ...]:
    actor = actor_of(place)
    made, peak = made_apart(instance, actor, "missing", Asked(place.id))
    with app.app_context():
        run = report_runs.find_run(actor, made.run_id)
        assert run.state is RunState.DONE, run.words
        assert run.rows == rows
        content = pages.read_content(run)
        size = run.files["pdf"]["size"]
    floor = _timed(lambda: _platypus(content))
    sheet_floor = _timed(lambda: _xlsxwriter(content))
    return (
        rows,
        run.pages,
        f"{made.seconds:.1f}",
        f"{floor:.1f}",
        f"{made.seconds / floor:.1f}",
        f"{made.sheet_seconds:.2f}",
        f"{sheet_floor:.2f}",
        f"{made.sheet_seconds / sheet_floor:.1f}",
        f"{size / 1024:.0f}",
        *(f"{one / MIB:.0f}" for one in (sum(peak), *peak, pss(os.getpid()))),
    )


@dataclass(frozen=True, slots=True)
class MadeApart:
    """A report that another process made: its run, the seconds of its PDF and of its workbook."""

    run_id: int
    seconds: float
    sheet_seconds: float


def made_apart(
    instance: Path, actor: Actor, report: str, asked: Asked
) -> tuple[MadeApart, tuple[int, int, int]]:
    """A report of a fresh process, and the most memory that its tree took; see ``_tree``."""
    worker = subprocess.Popen(
        [sys.executable, "-m", "bench.report_worker", str(instance)],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
    )
    assert worker.stdin
    assert worker.stdout
    worker.stdout.readline()  # it is loaded
    worker.stdin.write(pickle.dumps((actor, report, asked)))
    worker.stdin.close()
    peak = (0, 0, 0)
    with selectors.DefaultSelector() as selector:
        selector.register(worker.stdout, selectors.EVENT_READ)
        while not selector.select(0.05):
            peak = max(peak, _tree(worker.pid), key=sum)
    made = MadeApart(*json.loads(worker.stdout.read()))
    assert worker.wait() == 0
    return made, peak


def _timed(work: Callable[[], object]) -> float:
    began = time.monotonic()
    work()
    return time.monotonic() - began


def _cells(content: Content) -> list[list[str]]:
    return [
        [column.kind.words(cell) for column, cell in zip(content.columns, row, strict=True)]
        for section in content.sections
        for row in section.rows
    ]


def _platypus(content: Content) -> None:
    heads = [[column.title for column in content.columns]]
    made = LongTable(heads + _cells(content), repeatRows=1)
    made.setStyle(
        TableStyle(
            [
                ("FONT", (0, 0), (-1, -1), "STSong-Light", 10),
                ("GRID", (0, 0), (-1, -1), 0.5, colors.black),
            ]
        )
    )
    SimpleDocTemplate(io.BytesIO(), pagesize=landscape(A4)).build([made])


def _xlsxwriter(content: Content) -> None:
    made = xlsxwriter.Workbook(io.BytesIO(), {"in_memory": True, "constant_memory": True})
    sheet = made.add_worksheet()
    for row, cells in enumerate(_cells(content)):
        for place, cell in enumerate(cells):
            sheet.write_string(row, place, cell)
    made.close()


def _fill() -> dict[int, Node]:
    """A district for each size, with branches of some forty who all owe their forms."""
    tree, people, today = Tree(), People(random.Random(8)), clock.today()
    top = tree.add(None, Kind.MUNICIPAL, "共青团北京市委员会")
    places: dict[int, Node] = {}
    homes: list[Node] = []
    for rows in ROWS:
        place = places[rows] = tree.add(top, Kind.DISTRICT, f"第{rows}区团区委")
        for start in range(0, rows, OF_A_BRANCH):
            name = f"第{rows}区第一中学高一({start // OF_A_BRANCH + 1})班团支部"
            branch = tree.add(place, Kind.BRANCH, name)
            homes += [branch] * min(OF_A_BRANCH, rows - start)
    profile = [
        Profile(today.replace(day=1), today - timedelta(days=place % 60), _number(today, place))
        for place in range(len(homes))
    ]
    rows_of_members = [
        member_row(place, home.id, DemoMember(people.person(one.joined), one))
        for place, (home, one) in enumerate(zip(homes, profile, strict=True), 1)
    ]
    insert_members(tree, list(places.values()), rows_of_members)
    return places


def insert_members(tree: Tree, places: Sequence[Node], members: list[dict[str, Any]]) -> None:
    """Insert a tree with its members, their tallies, and a person at each of ``places``."""
    branches = [node for node in tree.nodes if node.kind is Kind.BRANCH]
    with writing() as session:
        session.execute(insert(Organisation), [organisation_row(node) for node in tree.nodes])
        session.execute(
            insert(Account),
            [
                {
                    "id": place.id,
                    "login": f"bench{place.id}",
                    "person_name": "张明",
                    "organisation_id": place.id,
                    "created_at": clock.now(),
                }
                for place in places
            ],
        )
        session.execute(insert(Member), members)
        hold_numbers(members)
        session.execute(insert(Tally), tally_rows(members, branches))
    with writing():
        count_anew(node.path for node in branches)


def _number(today: Any, place: int) -> str:
    return f"{today.year}110{place:05d}"


def actor_of(place: Node) -> Actor:
    """The person at a place."""
    return Actor(
        account_id=place.id,
        sign_in_id=0,
        login=f"bench{place.id}",
        person_name="张明",
        role=Role.BRANCH if place.kind is Kind.BRANCH else Role.DISTRICT,
        organisation_id=place.id,
        organisation_name=place.name,
        organisation_path=place.path,
        member_id=None,
    )


def _tree(worker: int) -> tuple[int, int, int]:
    """Bytes of the worker, of the processes right below it, and of theirs."""
    below = children(worker)
    return (
        pss(worker),
        sum(map(pss, below)),
        sum(pss(one) for pid in below for one in children(pid)),
    )
