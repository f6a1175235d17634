"""The first page of each report against a picture that somebody has looked at (tests/golden).

Made again by ``PORTAL_WRITE_PICTURES=1 bin/test tests/reports/test_golden.py``; look at them then.
"""

from __future__ import annotations

import os
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pypdfium2
import pytest
import time_machine
from PIL import Image, ImageChops

from portal import clock
from portal.reports import making
from portal.reports.document import Document
from portal.reports.heading import Heading
from portal.reports.registry import REPORTS
from portal.reports.report import Asked, Report, period_words
from portal.rules.scan_checks import Fault, FaultKind, Verdict
from portal.runtime import runtime
from portal.services import checks, numbers
from portal.services.scans import current_scan
from portal.typesetting.typesetter import InMemory
from tests.builders import Node, World

GOLDEN = Path(__file__).parent.parent / "golden"
MOMENT = datetime(2026, 11, 24, 2, 0, tzinfo=UTC)

DIFFERENT = 64
"""Of 255: a pixel that differs by more is another; edges are drawn a little differently."""
SHARE = 0.002
"""Of the page's pixels; a figure of four digits more or less is some 0.0005 of it each."""


@pytest.fixture
def november(world: World) -> World:
    """The same people with the same forms, checks and releases, each time."""
    for place in range(9):
        approved = clock.today() - timedelta(days=7 * place + 3)
        branch = (world.branch, world.sister)[place % 2]
        member = world.add_member(branch, approved_on=approved)
        if place % 3:
            world.upload(member)
        if place in (1, 2):
            scan = current_scan(member)
            assert scan is not None
            faults = (Fault(FaultKind.BLURRED, (2,)),) if place == 2 else ()
            verdict = Verdict(faults, "第 2 页重扫" if faults else "")
            checks.check(world.actor(world.district), member, scan.id, verdict, seen=None)
        if place == 6:
            held = world.member(member).number
            assert held
            numbers.ask(world.actor(branch), member, number=held, reason="录入时看错一位")
    return world


def document_of(world: World, report: Report) -> Document:
    """A report with the same code and hash each time."""
    node: Node = world.branch if report.only_branches or report.about_member else world.district
    asked = Asked(node.id, member_id=1 if report.about_member else None)
    made = making.preview(world.actor(node), report, asked, most=1000)
    heading = Heading(
        title=report.title,
        organisation=made.subject.organisation.name,
        period=period_words(report, asked.period),
        as_of=made.as_of,
        maker=f"{node.name} 张明",
        code="7K3MQ2XW9HTA",
        content_sha256=bytes(range(32)),
        notes=report.notes,
    )
    return Document(report, made.content, heading, "http://portal/verify?code=7K3MQ2XW9HTA")


@pytest.mark.parametrize("report", REPORTS, ids=lambda report: report.slug)
def test_the_first_page_looks_as_it_did(november: World, report: Report) -> None:
    document = document_of(november, report)
    parts = [runtime().typesetter.part(piece.html()) for piece in document.parts()]
    whole = InMemory()
    document.join(parts, whole)
    drawn = pypdfium2.PdfDocument(bytes(whole.content))[0].render(scale=1).to_pil().convert("L")
    kept = GOLDEN / f"{report.slug}.png"
    if os.environ.get("PORTAL_WRITE_PICTURES"):
        GOLDEN.mkdir(exist_ok=True)
        drawn.quantize(16).save(kept, optimize=True)
    golden = Image.open(kept).convert("L")
    assert drawn.size == golden.size
    differs = ImageChops.difference(drawn, golden).point(lambda value: 255 * (value > DIFFERENT))
    share = differs.histogram()[255] / (drawn.width * drawn.height)
    assert share <= SHARE, f"{share:.2%} of the page is different"


@pytest.fixture(autouse=True)
def the_same_day() -> object:
    with time_machine.travel(MOMENT, tick=False):
        yield
