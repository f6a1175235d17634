"""Pictures become one PDF: as they are where they fit, else no coarser than needed."""

from __future__ import annotations

import io
from collections.abc import Sequence

import pypdfium2
import pytest
from PIL import Image
from pypdf import PdfReader

from portal.pdf.fitting import Step, gentlest
from portal.pdf.inspect import inspect
from portal.pdf.joining import STEPS, Joined, Laid, join
from portal.rules.making import FITTING_BYTES, MakingReason, MakingRefused, a4_dpi
from tests import pictures


def joined(
    contents: Sequence[bytes], turns: Sequence[int] = (), limit: int = FITTING_BYTES
) -> Joined:
    turns = turns or [0] * len(contents)
    laid = [Laid(lambda one=one: one, turn) for one, turn in zip(contents, turns, strict=True)]  # type: ignore[misc]
    return join(laid, limit)


def coded(pdf: bytes) -> list[bytes]:
    """The JPEGs in a PDF, as they are coded."""
    found = []
    for page in PdfReader(io.BytesIO(pdf)).pages:
        (image,) = page["/Resources"]["/XObject"].values()  # type: ignore[index]
        found.append(image.get_object()._data)
    return found


def drawn(pdf: bytes, index: int = 0) -> Image.Image:
    return pypdfium2.PdfDocument(pdf)[index].render(scale=1).to_pil().convert("RGB")


def is_blue(picture: Image.Image, across: float, down: float) -> bool:
    red, _, blue = picture.getpixel((int(picture.width * across), int(picture.height * down)))  # type: ignore[misc]
    return blue > 150 and red < 80


def test_pictures_that_fit_stay_as_they_are_coded() -> None:
    contents = [
        pictures.jpeg(),
        pictures.jpeg(pictures.page(grey=True)),
        pictures.jpeg(pictures.page(1200, 900), progressive=True),
    ]
    made = joined(contents)
    assert coded(made.pdf) == contents
    assert (made.pages, made.dpi, made.coarser) == (3, a4_dpi(900, 1200), False)
    assert inspect(made.pdf).pages == 3
    sizes = [page.get_size() for page in pypdfium2.PdfDocument(made.pdf)]
    assert [tuple(map(round, size)) for size in sizes] == [(595, 842), (595, 842), (842, 595)]
    assert joined(contents).pdf == made.pdf  # the same pictures: the same form
    for words in (b"/Producer", b"/CreationDate", b"/Info"):
        assert words not in made.pdf


@pytest.mark.parametrize(
    ("turns", "corner"),
    [(0, (0.05, 0.09)), (1, (0.94, 0.04)), (2, (0.95, 0.91)), (3, (0.06, 0.96))],
)
def test_a_picture_is_turned_clockwise_by_quarters(turns: int, corner: tuple[float, float]) -> None:
    content = pictures.jpeg()
    made = joined([content], [turns])
    picture = drawn(made.pdf)
    assert (picture.width > picture.height) == (turns % 2 == 1)
    assert is_blue(picture, *corner)
    assert coded(made.pdf) == [content]


def test_what_is_too_large_is_coded_anew_no_coarser_than_needed() -> None:
    contents = [
        pictures.jpeg(pictures.page(1800, 2400, noise=12), quality=95),
        pictures.jpeg(pictures.page(1800, 2400, noise=12, grey=True), quality=95),
        pictures.jpeg(quality=60),
    ]
    whole = sum(map(len, contents))
    finest = joined(contents, limit=round(whole * 0.75))
    harder = joined(contents, limit=round(whole * 0.2))
    for made, limit in ((finest, whole * 0.75), (harder, whole * 0.2)):
        assert len(made.pdf) <= limit
        assert made.coarser
        assert inspect(made.pdf).pages == 3
        assert [Image.open(io.BytesIO(one)).mode for one in coded(made.pdf)] == ["RGB", "L", "RGB"]
    assert coded(finest.pdf)[2] == contents[2]  # small already: it would have become larger
    assert Image.open(io.BytesIO(coded(finest.pdf)[0])).size == (1800, 2400)
    fine = Image.open(io.BytesIO(coded(harder.pdf)[0]))
    assert 150 <= a4_dpi(*fine.size) < a4_dpi(1800, 2400)
    red, green, blue = fine.convert("RGB").getpixel(
        (round(fine.width * 0.605), round(fine.height * 0.7625))
    )  # type: ignore[misc]
    assert red > 150 > max(green, blue)  # the seal's ring


def test_under_150_dpi_a_sentence_says_what_to_do() -> None:
    contents = [pictures.jpeg(pictures.page(1800, 2400, noise=12))] * 2
    with pytest.raises(
        MakingRefused, match=r"2 页降到 150 dpi 还有 .*再降就看不清了。请删除"
    ) as refused:
        joined(contents, limit=60_000)
    assert refused.value.refusal.reason is MakingReason.PICTURES_TOO_MUCH
    least = refused.value.refusal.size
    assert least is not None
    made = joined(contents, limit=least)  # the size that was told is the true one
    assert 60_000 < len(made.pdf) <= least
    assert made.dpi == 150


@pytest.mark.parametrize("fits_from", range(len(STEPS) + 1))
def test_the_gentlest_step_is_found_with_few_attempts(fits_from: int) -> None:
    asked: list[Step] = []

    def attempt(step: Step) -> str | None:
        asked.append(step)
        return "made" if STEPS.index(step) >= fits_from else None

    found = gentlest(STEPS, attempt)
    assert found == ((STEPS[fits_from], "made") if fits_from < len(STEPS) else None)
    assert len(asked) <= 4


def test_a_strip_makes_a_page_of_its_own_shape() -> None:
    """On A4 it would cover too little to be taken for a scan."""
    made = joined([pictures.jpeg(pictures.page(600, 2400))])
    assert inspect(made.pdf).pages == 1
    ((width, height),) = [page.get_size() for page in pypdfium2.PdfDocument(made.pdf)]
    assert (round(width), round(height)) == (210, 842)
