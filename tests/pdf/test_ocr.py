"""Reading the first page: in the sandbox's child within its limits, and honestly not without it."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pypdfium2
import pytest
from PIL import Image, ImageDraw, ImageFont

from portal.demo.paper import Paper
from portal.forking.client import PROJECT
from portal.pdf import ocr
from portal.pdf.look import look
from portal.pdf.sandbox import Sandbox
from portal.rules.scan_findings import Reading, ReadingState

NUMBER, NAME = "202611000387", "欧阳若兰"
NOT_FOUND = Reading(ReadingState.NOT_FOUND)

needs_reader = pytest.mark.skipif(
    not ocr.is_installed(), reason="the extra ocr is not installed (bin/bootstrap ocr)"
)
pytestmark = pytest.mark.xdist_group("ocr")  # the models are loaded once


@pytest.fixture(scope="module")
def form() -> bytes:
    return Paper(seed=5, dpi=100).form(NUMBER, NAME, "测试团支部", 1)


def cover(form: bytes) -> Image.Image:
    return pypdfium2.PdfDocument(form)[0].render(scale=ocr.WIDTH / 595.28).to_pil()


@needs_reader
def test_a_look_reads_number_and_name(looker: Sandbox, form: bytes, tmp_path: Path) -> None:
    path = tmp_path / "form.pdf"
    path.write_bytes(form)
    look = looker.look(path, 1)
    assert (look.number.text, look.name.text) == (NUMBER, NAME)
    assert look.month == NOT_FOUND
    assert look.number.box is not None
    assert look.number.box.top < 100 < look.number.box.right


@needs_reader
def test_the_process_that_forks_has_one_thread(looker: Sandbox) -> None:
    """A thread would not be in the child, and what it was doing would never be done."""
    looker.warm_up()
    assert looker._process is not None
    tasks = Path(f"/proc/{looker._process.pid}/task")
    while "look" not in (tasks.parent / "cmdline").read_text():
        pass
    assert len(list(tasks.iterdir())) == 1


_IN_A_CHILD = """
import json, os, socket, sys, threading
from PIL import Image
from portal.forking import server
from portal.pdf import ocr
def refuse(*arguments, **named):
    raise OSError("no network in this test")
socket.socket.connect = socket.getaddrinfo = refuse
os.environ["HOME"] = sys.argv[2]
ocr.load_reader()
page = Image.open(sys.argv[1]).convert("RGB")
written = os.listdir(sys.argv[2])
if os.fork() == 0:
    server._limit({"wall": 15, "cpu": 13, "memory": 300 * 1024 * 1024}, opens_files=False)
    if os.getuid() == 0:
        os.setuid(65534)  # the limit of processes does not hold for root
    refused = []
    for attempt in (lambda: threading.Thread(target=print).start(), lambda: open(sys.argv[1])):
        try:
            attempt()
        except (RuntimeError, OSError) as error:
            refused.append(type(error).__name__)
    number, name, month = ocr.read_cover(page)
    os.write(1, json.dumps([written, refused, number.text, name.text]).encode())
    os._exit(0)
os.wait()
"""


@needs_reader
def test_it_reads_without_network_threads_files_and_half_the_memory(
    form: bytes, tmp_path: Path
) -> None:
    """Nothing is fetched, and the runtime keeps no diary in the home folder."""
    path, home = tmp_path / "cover.png", tmp_path / "home"
    home.mkdir()
    cover(form).save(path)
    answer = json.loads(_run(_IN_A_CHILD, str(path), str(home)))
    assert answer == [[], ["RuntimeError", "OSError"], NUMBER, NAME]


_HIDDEN = """
import json, sys
for name in ("rapidocr", "onnxruntime", "cv2"):
    sys.modules[name] = None
from portal.pdf import ocr
from portal.pdf.look import look
ocr.load_reader()
print(json.dumps(look(open(sys.argv[1], "rb").read(), 8).to_json()))
"""


def test_without_the_extra_only_the_readings_change(form: bytes, tmp_path: Path) -> None:
    path = tmp_path / "form.pdf"
    path.write_bytes(form)
    hidden = json.loads(_run(_HIDDEN, str(path)))
    assert hidden["readings"] == [["not_checked", "", None]] * 3
    ocr.load_reader()
    there = look(form, 8).to_json()
    assert (hidden["pages"], hidden["findings"]) == (there["pages"], there["findings"])


@pytest.fixture(scope="module")
def reader() -> None:
    ocr.load_reader()


@needs_reader
@pytest.mark.usefixtures("reader")
def test_a_number_with_a_blot_is_not_guessed(form: bytes) -> None:
    page = cover(form)
    scale, left = page.width / 827, 170 + 32 * 5
    ImageDraw.Draw(page).ellipse([scale * edge for edge in (left - 4, 62, left + 36, 110)], "navy")
    number, name, _ = ocr.read_cover(page)
    assert number == NOT_FOUND
    assert name.text == NAME


@needs_reader
@pytest.mark.usefixtures("reader")
def test_scribbles_are_not_read() -> None:
    page = cover(Paper(seed=6, dpi=100).form("", "", "测试团支部", 1))
    pen = ImageDraw.Draw(page)
    for place in range(14):
        x = 280 + 45 * place
        pen.line([(x, 110), (x + 20, 140), (x + 5, 150), (x + 30, 115)], (38, 42, 60), 3)
        pen.arc((x + 150, 1060, x + 190, 1100), 20 * place, 300, (38, 42, 60), 3)
    number, name, _ = ocr.read_cover(page)
    assert number == NOT_FOUND
    assert name == NOT_FOUND


@needs_reader
@pytest.mark.usefixtures("reader")
@pytest.mark.parametrize("size", [(1, 1), (300, 2)])
def test_any_picture_has_readings(size: tuple[int, int]) -> None:
    assert ocr.read_cover(Image.new("L", size, 255)) == (NOT_FOUND,) * 3


@needs_reader
@pytest.mark.usefixtures("reader")
@pytest.mark.parametrize("quarters", [1, 2])
def test_a_page_that_lies_otherwise_is_turned_first(form: bytes, quarters: int) -> None:
    """The box is where the number is on the page as it lies."""
    page = cover(form).rotate(90 * quarters, expand=True)
    number, name, _ = ocr.read_cover(page, quarters)
    assert (number.text, name.text) == (NUMBER, NAME)
    assert number.box is not None
    middle = (number.box.left + number.box.right) / 2, (number.box.top + number.box.bottom) / 2
    expected = {1: (75, 560), 2: (560, 925)}[quarters]
    assert max(abs(one - other) for one, other in zip(middle, expected, strict=True)) < 60


@needs_reader
@pytest.mark.usefixtures("reader")
def test_the_joining_month_is_read_where_it_is_printed() -> None:
    page = Image.new("RGB", (1240, 1754), (247, 244, 238))
    pen, font = ImageDraw.Draw(page), _font(34)
    for line, text in enumerate(("编号：202011000003", "姓名：李静", "入团年月：2020年9月")):
        pen.text((160, 150 + 90 * line), text, (40, 40, 40), font)
    assert [one.text for one in ocr.read_cover(page)] == ["202011000003", "李静", "2020-09"]


def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return Paper(dpi=100)._font(size)


def _run(code: str, *arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-c", code, *arguments],
        capture_output=True, text=True, check=False, cwd=PROJECT, timeout=60,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr
    return done.stdout
