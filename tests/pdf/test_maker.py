"""The sandbox that makes files: what comes out of its children, and what becomes of bad ones."""

from __future__ import annotations

import io
import random
from collections.abc import Callable, Iterator
from pathlib import Path

import pypdfium2
import pytest
from PIL import Image

import portal.pdf.maker
from portal.pdf.jpeg import bare
from portal.pdf.maker import Maker
from portal.pdf.wire import CleanPicture, Compressed, Joined
from portal.rules.making import FITTING_BYTES, MakingReason, MakingRefused
from portal.rules.scan_findings import Box
from portal.rules.scan_refusals import RefusalReason, ScanRefused
from tests import pictures, scans
from tests.pdf.test_compressing import colour, grey, scan

MIB = 1024 * 1024


@pytest.fixture(scope="module")
def weak() -> Iterator[Maker]:
    made = Maker(memory_bytes=120 * MIB, cpu_seconds=1, wall_seconds=2)
    yield made
    made.close()


def test_pictures_of_a_phone_become_one_file(maker: Maker, tmp_path: Path) -> None:
    path, together = tmp_path / "one", tmp_path / "all"
    laid = []
    with together.open("wb") as whole:
        for content in (pictures.phone_jpeg(6), pictures.png(pictures.page())):
            path.write_bytes(content)
            cleaned = maker.clean(path)
            assert b"Secret" not in cleaned.content
            whole.write(cleaned.content)
            laid.append((len(cleaned.content), cleaned.turns))
    assert [turns for _, turns in laid] == [1, 0]
    made = maker.join(together, laid)
    assert (made.pages, made.coarser) == (2, False)
    path.write_bytes(made.pdf)
    assert maker.inspect(path).pages == 2
    first, second = (page.get_size() for page in pypdfium2.PdfDocument(made.pdf))
    assert first[0] > first[1]
    assert second[0] < second[1]


def test_a_large_scan_is_compressed_and_its_seal_shown(maker: Maker, tmp_path: Path) -> None:
    path = tmp_path / "large.pdf"
    path.write_bytes(scan(*[colour(95)] * 1, grey()) + b"%" + b"x" * FITTING_BYTES)
    made = maker.compress(path)
    assert len(made.pdf) <= FITTING_BYTES
    assert made.red is not None
    assert made.red.page == 1
    path.write_bytes(made.pdf)
    part = Image.open(io.BytesIO(maker.draw_part(path, 0, made.red.box, 600))).convert("RGB")
    assert abs(part.width - 600) <= 1
    assert (
        sum(
            red > 150 > max(green, blue)
            for red, green, blue in part.resize((60, 60)).get_flattened_data()
        )
        > 60
    )
    top = Image.open(io.BytesIO(maker.draw_part(path, 0, Box(0, 0, 200, 100), 400))).convert("RGB")
    red, _, blue = top.getpixel((30, 30))  # type: ignore[misc]
    assert blue > 150 > red


@pytest.mark.parametrize(
    ("make", "content", "reason"),
    [
        (Maker.clean, b"nothing", MakingReason.NO_PICTURE),
        (Maker.compress, scans.with_javascript(), RefusalReason.JAVASCRIPT),
        (Maker.compress, scans.with_password(), RefusalReason.PASSWORD),
    ],
)
def test_a_refusal_comes_out_as_one(
    maker: Maker,
    tmp_path: Path,
    make: Callable[[Maker, Path], object],
    content: bytes,
    reason: MakingReason | RefusalReason,
) -> None:
    path = tmp_path / "x"
    path.write_bytes(content)
    with pytest.raises((MakingRefused, ScanRefused)) as refused:
        make(maker, path)
    assert refused.value.refusal.reason is reason


def test_a_picture_that_takes_all_memory_hurts_only_its_child(weak: Maker, tmp_path: Path) -> None:
    path = tmp_path / "x"
    path.write_bytes(pictures.png(Image.new("RGB", (7_900, 7_900))))
    with pytest.raises(MakingRefused) as refused:
        weak.clean(path)
    assert refused.value.refusal.reason is MakingReason.CRASHED
    path.write_bytes(pictures.jpeg())
    assert weak.clean(path).width == 900


def test_what_takes_too_long_is_stopped_with_a_sentence(weak: Maker, tmp_path: Path) -> None:
    content = pictures.jpeg(pictures.page(2400, 3200, noise=12), quality=95)
    path = tmp_path / "x"
    path.write_bytes(content * 20)
    with pytest.raises(MakingRefused, match="用时太久") as refused:
        weak.join(path, [(len(content), 0)] * 20)
    assert refused.value.refusal.reason is MakingReason.TIMEOUT


def test_one_more_than_can_be_made_at_once_is_told_and_a_picture_passes(
    maker: Maker, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "x"
    path.write_bytes(pictures.jpeg())
    monkeypatch.setattr(portal.pdf.maker, "PATIENCE", 0.01)
    with maker._in_turn(), maker._in_turn():
        with pytest.raises(MakingRefused, match="请过一会儿再试一次") as refused:
            maker.compress(path)
        assert refused.value.refusal.reason is MakingReason.BUSY
        assert maker.clean(path).width == 900
    assert maker.join(path, [(path.stat().st_size, 0)]).pages == 1


@pytest.mark.parametrize("kind", [CleanPicture, Joined, Compressed])
@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"\n",
        b"[]\n",
        b"{}\n",
        b'{"width": 1, "height": 1, "turns": 1, "sizes": [1, 1, 1]}\nabc',
    ],
)
def test_a_child_that_was_taken_over_says_nothing_that_is_believed(
    kind: type[CleanPicture | Joined | Compressed], answer: bytes
) -> None:
    with pytest.raises((ValueError, TypeError, KeyError)):
        kind.from_bytes(answer)


def test_whatever_happened_to_a_picture_it_is_taken_or_refused(
    maker: Maker, tmp_path: Path
) -> None:
    chance = random.Random(6)
    sound = [pictures.phone_jpeg(3, pictures.page(660, 900)), pictures.png(pictures.page(660, 900))]
    taken, reasons = 0, set()
    for turn in range(60):
        content = bytearray(sound[turn % 2])
        for _ in range(chance.choice((1, 3, 30))):
            content[chance.randrange(min(len(content), 3000))] = chance.randrange(256)
        path = tmp_path / "x"
        path.write_bytes(content)
        try:
            cleaned = maker.clean(path)
        except MakingRefused as refused:
            reasons.add(refused.refusal.reason)
        else:
            taken += 1
            assert bare(cleaned.content) == cleaned.content
    assert 5 < taken < 60
    assert MakingReason.TIMEOUT not in reasons
