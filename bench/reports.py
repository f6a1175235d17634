"""``bin/bench reports``: 未上传入团志愿书名单 of 50 to 20,000 rows, from the order to its files.

Floors in the same run: the same table by reportlab's platypus, and by XlsxWriter alone. Memory is
that of all processes together (PSS: what is shared counts once), sampled while the report is made.
"""

from __future__ import annotations

import io
import random
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
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

from bench.server import table
from portal import clock
from portal.access import Actor, Role
from portal.application import create_app
from portal.demo.load import hold_numbers, member_row, organisation_row, tally_rows
from portal.demo.members import DemoMember, Profile
from portal.demo.people import People
from portal.demo.tree import Node, Tree
from portal.models import Account, Member, Organisation, ReportRun, RunState, Tally
from portal.reports import making, working
from portal.reports.content import Content
from portal.reports.registry import find_report
from portal.reports.report import Asked
from portal.rules.organisations import OrganisationKind as Kind
from portal.services import report_files, report_runs
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
        app = create_app(load_settings(instance=Path(folder) / "instance", log_level="WARNING"))
        with app.app_context():
            migrate()
            places = _fill()
        lines = [_measure(app, rows, place) for rows, place in places.items()]
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
        "peak MiB, all processes",
        "PDF MiB",
    )
    table(heads, lines)


def _measure(app: Flask, rows: int, place: Node) -> tuple[object, ...]:
    actor = _actor(place)
    with app.app_context():
        app.extensions["portal"].typesetter.part("<html lang=zh-CN><title>x</title><p>x</html>")
        with _sampled() as peak:
            began = time.monotonic()
            run = making.order(actor, find_report("missing"), Asked(place.id))
            while run.state not in (RunState.DONE, RunState.FAILED):
                working.work(20)
                run = report_runs.find_run(actor, run.id)
            seconds = time.monotonic() - began
            assert run.state is RunState.DONE, run.words
            assert run.rows == rows
            began = time.monotonic()
            assert making.file_of(actor, run, "xlsx")
            sheet_seconds = time.monotonic() - began
        content = making.read_content(run)
        size = _size(run)
    floor = _timed(lambda: _platypus(content))
    sheet_floor = _timed(lambda: _xlsxwriter(content))
    return (
        rows,
        run.pages,
        f"{seconds:.1f}",
        f"{floor:.1f}",
        f"{seconds / floor:.1f}",
        f"{sheet_seconds:.2f}",
        f"{sheet_floor:.2f}",
        f"{sheet_seconds / sheet_floor:.1f}",
        f"{peak[0] / MIB:.0f}",
        f"{size / MIB:.1f}",
    )


def _size(run: ReportRun) -> int:
    made = report_files.read_file(run, making.PDF)
    assert made is not None
    return len(made)


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
                for place in places.values()
            ],
        )
        session.execute(insert(Member), rows_of_members)
        hold_numbers(rows_of_members)
        branches = [node for node in tree.nodes if node.kind is Kind.BRANCH]
        session.execute(insert(Tally), tally_rows(rows_of_members, branches))
    with writing():
        count_anew(node.path for node in branches)
    return places


def _number(today: Any, place: int) -> str:
    return f"{today.year}110{place:05d}"


def _actor(place: Node) -> Actor:
    return Actor(
        account_id=place.id,
        sign_in_id=0,
        login=f"bench{place.id}",
        person_name="张明",
        role=Role.DISTRICT,
        organisation_id=place.id,
        organisation_name=place.name,
        organisation_path=place.path,
        member_id=None,
    )


@contextmanager
def _sampled() -> Iterator[list[int]]:
    """The most memory in bytes that this process and all below it took together."""
    peak, ended = [0], threading.Event()

    def sample() -> None:
        while not ended.wait(0.05):
            peak[0] = max(peak[0], sum(_pss(pid) for pid in _family()))

    sampling = threading.Thread(target=sample)
    sampling.start()
    try:
        yield peak
    finally:
        ended.set()
        sampling.join()


def _family() -> list[str]:
    found, waiting = [], ["self"]
    while waiting:
        pid = waiting.pop()
        found.append(pid)
        try:
            for task in Path(f"/proc/{pid}/task").iterdir():
                waiting += (task / "children").read_text().split()
        except OSError:  # it has ended
            continue
    return found


def _pss(pid: str) -> int:
    try:
        for line in Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines():
            if line.startswith("Pss:"):
                return int(line.split()[1]) * 1024
    except OSError:
        pass
    return 0
