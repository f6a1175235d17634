"""The fonts of a document: of each the outlines that are drawn, under the numbers the text has."""

from __future__ import annotations

import io
import subprocess
import sys

import pypdfium2
import pytest
from PIL import ImageChops
from pypdf import PdfReader
from weasyprint.pdf.fonts import Font

from portal.typesetting import fonts, weasy
from portal.typesetting.whole import join

NAMES = "张明 買买提 𠅤𬱖𣲚 Zoë 2026"
PAGE = (
    '<!doctype html><html lang="zh-CN"><title>名单</title><style>html{font:16pt "Noto Serif CJK SC",'
    '"HanaMinA","HanaMinB"} h1{font-family:"Noto Sans CJK SC"}</style><h1>名单</h1>'
    + f"<p>{NAMES}</p>"
)


def made() -> bytes:
    piece = weasy.typeset(PAGE, tagged=True).partition(b"\n")[2]
    return b"".join(join(piece, [len(piece)], [], {}, stamped=False))


def test_a_page_is_small_and_says_and_shows_what_it_did(monkeypatch: pytest.MonkeyPatch) -> None:
    small = made()
    monkeypatch.setattr(weasy, "slim", lambda pdf: None)
    monkeypatch.setattr(Font, "subset", fonts.with_gaps)
    whole = made()
    assert len(small) < 60_000
    assert len(whole) > 3 * len(small)
    texts = [PdfReader(io.BytesIO(one)).pages[0].extract_text() for one in (small, whole)]
    assert NAMES in texts[0]
    assert texts[0] == texts[1]
    drawn = [pypdfium2.PdfDocument(one)[0].render(scale=2).to_pil() for one in (small, whole)]
    differs = ImageChops.difference(*(one.convert("L") for one in drawn))
    assert differs.getextrema()[1] < 32  # of 255: edges fall a little otherwise, no stroke is lost
    assert drawn[0].convert("L").getextrema()[0] < 64


def test_a_font_is_not_copied_whole_into_memory() -> None:
    """The memory of a child: three Noto CJK fonts have 60 MB, which lie mapped once for all."""
    code = (
        "import resource; from portal.typesetting import fonts, weasy; from tests.reports.test_fonts import PAGE;"
        "used = lambda: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss; before = used();"
        "weasy.typeset(PAGE, tagged=True); print(used() - before)"
    )
    told = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert int(told.stdout) < 60 * 1024  # KiB; with the copies some 100 MiB
