"""A phone's pictures: what is dropped, what stays as it was, what is refused with which words."""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Callable

import pytest
from PIL import Image, ImageChops, ImageFile, ImageOps

from portal.pdf.jpeg import bare
from portal.pdf.pictures import CleanPicture, clean
from portal.rules.making import MakingReason, MakingRefused
from tests import pictures, scans


def opened(content: bytes) -> Image.Image:
    picture = Image.open(io.BytesIO(content))
    picture.load()
    return picture


def upright(cleaned: CleanPicture) -> Image.Image:
    return opened(cleaned.content).rotate(-90 * cleaned.turns, expand=True)


def refusal(content: bytes) -> MakingRefused:
    with pytest.raises(MakingRefused) as refused:
        clean(content)
    return refused.value


@pytest.mark.parametrize(
    "options", [{}, {"progressive": True}, {"subsampling": 0}, {"restart_marker_blocks": 3}]
)
@pytest.mark.parametrize("grey", [False, True])
def test_a_jpeg_loses_what_is_beside_the_picture_and_no_dot_of_it(
    options: dict[str, int], grey: bool
) -> None:
    content = pictures.jpeg(
        pictures.page(grey=grey), exif=b"Exif\0\0secret", comment=b"secret", **options
    )
    alone = bare(content + b"secret film")
    assert alone is not None
    assert b"secret" not in alone
    assert opened(alone).tobytes() == opened(content).tobytes()
    assert bare(alone) == alone
    scan = content.index(b"\xff\xda")
    assert content[scan:] in alone  # the coded picture byte for byte


def test_where_and_when_a_picture_was_taken_is_dropped() -> None:
    content = pictures.phone_jpeg()
    cleaned = clean(content)
    assert b"Secret" in content
    for kept in (cleaned.content, cleaned.view, cleaned.thumbnail):
        assert b"Secret" not in kept
        assert b"Exif" not in kept
        assert not opened(kept).getexif()


@pytest.mark.parametrize("orientation", range(1, 9))
def test_a_picture_stands_upright_however_the_phone_was_held(orientation: int) -> None:
    content = pictures.phone_jpeg(orientation)
    cleaned = clean(content)
    wanted = ImageOps.exif_transpose(opened(content))
    assert upright(cleaned).size == wanted.size
    difference = ImageChops.difference(upright(cleaned).convert("L"), wanted.convert("L"))
    assert max(difference.resize((30, 40), Image.Resampling.BOX).getextrema()) < 12
    thumbnail = opened(cleaned.thumbnail)
    assert (thumbnail.width < thumbnail.height) == (wanted.width < wanted.height)
    assert max(thumbnail.size) == 320
    if orientation in (1, 3, 6, 8):  # not mirrored: the coded picture is the phone's
        assert content[content.index(b"\xff\xda") :].startswith(
            cleaned.content[cleaned.content.index(b"\xff\xda") :]
        )


def with_clear_edges() -> Image.Image:
    picture = pictures.page().convert("RGBA")
    picture.putalpha(Image.new("L", picture.size, 0))
    return picture


@pytest.mark.parametrize(
    ("content", "mode", "level"),
    [
        (lambda: pictures.png(pictures.page()), "RGB", None),
        (lambda: pictures.png(pictures.page(grey=True)), "L", None),
        (lambda: pictures.png(with_clear_edges()), "RGB", 255),
        (lambda: pictures.png(pictures.page().quantize(16)), "RGB", None),
        (lambda: pictures.png(Image.new("1", (700, 900), 1)), "L", 255),
        (lambda: pictures.png(Image.new("I;16", (700, 900), 40_000)), "L", 156),
        (lambda: pictures.jpeg(pictures.page().convert("CMYK")), "RGB", None),
    ],
    ids=["png", "grey png", "clear png", "palette", "1 bit", "16 bit", "cmyk"],
)
def test_whatever_has_a_picture_becomes_a_plain_jpeg(
    content: Callable[[], bytes], mode: str, level: int | None
) -> None:
    cleaned = clean(content())
    picture = opened(cleaned.content)
    assert (picture.format, picture.mode) == ("JPEG", mode)
    assert picture.size == (cleaned.width, cleaned.height)
    assert bare(cleaned.content) is not None
    if level is not None:
        assert abs(picture.convert("L").getpixel((300, 300)) - level) <= 1  # type: ignore[operator]
    else:
        assert abs(picture.convert("L").getpixel((10, 10)) - 50) < 25  # type: ignore[operator]


def header_of_png(width: int, height: int) -> bytes:
    def chunk(name: bytes, content: bytes) -> bytes:
        whole = name + content
        return struct.pack(">I", len(content)) + whole + struct.pack(">I", zlib.crc32(whole))

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", zlib.compress(b"0"))
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize(
    ("content", "reason", "words"),
    [
        (pictures.heic(), MakingReason.NO_PICTURE, "兼容性最佳"),
        (b"RIFF....WEBPVP8 ", MakingReason.NO_PICTURE, "WebP 图片"),
        (scans.good_scan(), MakingReason.NO_PICTURE, "内容是 PDF.*直接上传"),
        (b"", MakingReason.NO_PICTURE, "别的格式"),
        (pictures.jpeg()[:-4000], MakingReason.PICTURE_BROKEN, "重新选择或重新拍"),
        (b"\xff\xd8\xff\xe0nothing", MakingReason.PICTURE_BROKEN, "打不开"),
        (b"\x89PNG\r\n\x1a\nnothing", MakingReason.PICTURE_BROKEN, "打不开"),
        (pictures.jpeg(pictures.page(300, 400)), MakingReason.PICTURE_TOO_SMALL, "300×400.*原图"),
        (header_of_png(9_000, 9_000), MakingReason.TOO_MANY_PIXELS, "存为 JPEG"),
        (header_of_png(60_000, 60_000), MakingReason.TOO_MANY_PIXELS, "像素太多"),
    ],
    ids=lambda value: value.value if isinstance(value, MakingReason) else "",
)
def test_what_is_no_picture_of_a_page_is_refused_in_words(
    content: bytes, reason: MakingReason, words: str
) -> None:
    refused = refusal(content)
    assert refused.refusal.reason is reason
    with pytest.raises(MakingRefused, match=words):
        raise refused


def test_a_picture_that_is_cut_off_is_refused_whatever_else_is_loaded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    assert "重新选择或重新拍" in refusal(pictures.jpeg()[:-4000]).message


@pytest.mark.parametrize("cut", range(0, 700, 23))
def test_a_jpeg_cut_off_anywhere_is_no_bare_one(cut: int) -> None:
    assert bare(pictures.jpeg()[:cut]) is None


def test_a_phone_that_writes_nonsense_beside_its_picture_takes_pictures_too() -> None:
    for exif in (
        b"Exif\0\0secret",
        b"Exif\0\0MM\0*\xff\xff\xff\xff",
        b"Exif\0\0II*\0\x08\0\0\0\xff\xff",
    ):
        cleaned = clean(pictures.jpeg(exif=exif))
        assert (cleaned.width, cleaned.height, cleaned.turns) == (900, 1200, 0)


def test_of_a_file_with_several_pictures_the_first_is_taken() -> None:
    """As phones write that keep a smaller copy, or one for each eye."""
    several = io.BytesIO()
    pictures.page().save(
        several, "MPO", save_all=True, append_images=[pictures.page(300, 400)], quality=90
    )
    assert Image.open(several).format == "MPO"
    cleaned = clean(several.getvalue())
    assert (cleaned.width, cleaned.height) == (900, 1200)
    assert len(cleaned.content) < len(several.getvalue()) - 5000
    assert opened(cleaned.content).format == "JPEG"
