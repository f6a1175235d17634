"""Draws invented scanned 《入团志愿书》: cover, tables, handwriting, red seal, paper tone, a tilt.

The cover is drawn for each member; the other pages come from a pool that is drawn once, which is
what makes 200 forms in a few seconds possible. Pages are JPEGs put into a PDF as they are.
"""

from __future__ import annotations

import io
import math
import random
from pathlib import Path

import pypdfium2
from PIL import Image, ImageDraw, ImageFont

PAGES = 8
A4_POINTS = (595.28, 841.89)
A4_INCHES = (8.27, 11.69)
VARIANTS = 3
"""How many different pictures of each inner page the pool has."""

INK = (38, 42, 60)
PRINT = (52, 48, 48)
SEAL = (196, 32, 38)
_FONTS = (
    "/usr/share/fonts/opentype/noto/NotoSerifCJK-Regular.ttc",
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
)
_HEADINGS = (
    "基本情况",
    "本人简历",
    "家庭主要成员",
    "入团志愿",
    "入团志愿（续）",
    "支部大会决议",
    "上级团委审批意见",
)
_LABELS = (
    "姓名",
    "性别",
    "民族",
    "出生年月",
    "学历",
    "籍贯",
    "单位、职务",
    "何时何地受过何种奖励",
    "介绍人意见",
)


class Paper:
    """Draws forms; the same seed draws the same ones. ``dpi`` is that of the scanned pictures."""

    def __init__(self, seed: int = 1, dpi: int = 100) -> None:
        self._chance = random.Random(seed)
        self._size = (round(A4_INCHES[0] * dpi), round(A4_INCHES[1] * dpi))
        self._unit = dpi / 100
        self._fonts: dict[int, ImageFont.FreeTypeFont | ImageFont.ImageFont] = {}
        self._pool: dict[int, list[bytes]] = {}
        # Drawn once: noise is a third of a page's drawing time, and nobody compares two pages'.
        self._noise = Image.effect_noise(self._size, 14).convert("RGB")

    def form(self, number: str, name: str, branch: str, pages: int = PAGES) -> bytes:
        """A form as a PDF of pictures. Beyond eight pages the inner ones come again."""
        pictures = [self._cover(number, name, branch)]
        for page in range(1, pages):
            pictures.append(self._chance.choice(self._inner(1 + (page - 1) % (PAGES - 1))))
        return bind(pictures)

    def _inner(self, page: int) -> list[bytes]:
        if page not in self._pool:
            self._pool[page] = [self._draw_inner(page) for _ in range(VARIANTS)]
        return self._pool[page]

    def _cover(self, number: str, name: str, branch: str) -> bytes:
        picture, pen = self._sheet()
        width, unit = self._size[0], self._unit
        pen.text((width / 2, 250 * unit), "中国共产主义青年团", PRINT, self._font(38), anchor="mm")
        pen.text((width / 2, 340 * unit), "入 团 志 愿 书", PRINT, self._font(66), anchor="mm")
        pen.text((110 * unit, 86 * unit), "编号", PRINT, self._font(20), anchor="lm")
        for place, digit in enumerate(number):
            left = (170 + 32 * place) * unit
            box = (left, 66 * unit, left + 30 * unit, 106 * unit)
            pen.rectangle(box, outline=PRINT, width=max(1, round(unit)))
            middle = (left + 15 * unit, 86 * unit)
            pen.text(middle, digit, INK, self._font(26), anchor="mm")
        for line, (label, text) in enumerate((("申请人", name), ("支  部", branch))):
            y = (720 + 80 * line) * unit
            pen.text((170 * unit, y), label, PRINT, self._font(26), anchor="lm")
            pen.line((270 * unit, y + 20 * unit, 690 * unit, y + 20 * unit), PRINT)
            pen.text((285 * unit, y), text[:18], INK, self._font(22), anchor="lm")
        pen.text((width / 2, 1040 * unit), "共青团中央组织部制", PRINT, self._font(22), anchor="mm")
        return self._scan(picture)

    def _draw_inner(self, page: int) -> bytes:
        picture, pen = self._sheet()
        width, unit = self._size[0], self._unit
        heading = _HEADINGS[(page - 1) % len(_HEADINGS)]
        pen.text((width / 2, 90 * unit), heading, PRINT, self._font(30), anchor="mm")
        left, right = 80 * unit, width - 80 * unit
        top, bottom = 130 * unit, 1050 * unit
        pen.rectangle((left, top, right, bottom), outline=PRINT, width=max(1, round(1.5 * unit)))
        step = 62 if page <= 3 else 44
        for line in range(1, int((bottom - top) / (step * unit))):
            y = top + line * step * unit
            if page <= 3:
                pen.line((left, y, right, y), PRINT)
                label = _LABELS[(line + page) % len(_LABELS)]
                pen.text(
                    (left + 10 * unit, y - 31 * unit), label, PRINT, self._font(18), anchor="lm"
                )
                self._strokes(pen, left + 190 * unit, y - 24 * unit, self._chance.randint(4, 14))
            elif line < 17 or page < 6:
                self._strokes(pen, left + 30 * unit, y - 34 * unit, self._chance.randint(19, 23))
        if page <= 3:
            pen.line((left + 170 * unit, top, left + 170 * unit, bottom), PRINT)
        pen.text((width / 2, 1110 * unit), f"— {page} —", PRINT, self._font(16), anchor="mm")
        if page >= PAGES - 2:
            picture = self._stamp(picture)
        return self._scan(picture)

    def _strokes(self, pen: ImageDraw.ImageDraw, x: float, y: float, characters: int) -> None:
        """Strokes like handwriting: a few bent lines a character."""
        chance, size = self._chance, 24 * self._unit
        for place in range(characters):
            left = x + place * size * 1.12
            if left + size > self._size[0] - 90 * self._unit:
                return
            for _ in range(chance.randint(3, 5)):
                points = [
                    (left + chance.random() * size * 0.85, y + chance.random() * size)
                    for _ in range(chance.randint(2, 3))
                ]
                pen.line(points, INK, width=max(1, round(1.6 * self._unit)), joint="curve")

    def _stamp(self, picture: Image.Image) -> Image.Image:
        """A round red seal with a star, pressed unevenly."""
        side = round(210 * self._unit)
        seal = Image.new("L", (side, side), 0)
        pen = ImageDraw.Draw(seal)
        ring = max(2, round(5 * self._unit))
        pen.ellipse((4, 4, side - 4, side - 4), outline=255, width=ring)
        star = []
        for corner in range(10):
            radius = side * (0.17 if corner % 2 == 0 else 0.068)
            turn = math.pi * corner / 5 - math.pi / 2
            star.append((side / 2 + radius * math.cos(turn), side / 2 + radius * math.sin(turn)))
        pen.polygon(star, fill=255)
        words = "共青团北京市基层委员会"
        for place, character in enumerate(words):
            turn = math.pi * (0.82 + 1.36 * place / (len(words) - 1))
            at = (side / 2 + side * 0.38 * math.cos(turn), side / 2 + side * 0.38 * math.sin(turn))
            pen.text(at, character, 255, self._font(21), anchor="mm")
        worn = Image.effect_noise((side, side), 90).point(lambda grey: 235 if grey > 70 else 120)
        mask = Image.composite(worn, Image.new("L", (side, side), 0), seal)
        place_at = (self._size[0] - side - round(110 * self._unit), round(810 * self._unit))
        picture.paste(Image.new("RGB", (side, side), SEAL), place_at, mask)
        return picture

    def _sheet(self) -> tuple[Image.Image, ImageDraw.ImageDraw]:
        tone = self._chance.randint(236, 250)
        sheet = Image.new("RGB", self._size, (tone, tone - 2, tone - self._chance.randint(4, 14)))
        return sheet, ImageDraw.Draw(sheet)

    def _scan(self, picture: Image.Image) -> bytes:
        """Put the sheet on the scanner: a tilt that softens it, noise, JPEG."""
        tilt = self._chance.uniform(-0.9, 0.9)
        picture = picture.rotate(tilt, Image.Resampling.BILINEAR, fillcolor=(232, 231, 226))
        output = io.BytesIO()
        Image.blend(picture, self._noise, 0.06).save(output, "JPEG", quality=72)
        return output.getvalue()

    def _font(self, size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
        if size not in self._fonts:
            path = next((font for font in _FONTS if Path(font).exists()), None)
            pixels = round(size * self._unit)
            self._fonts[size] = (
                ImageFont.truetype(path, pixels) if path else ImageFont.load_default(pixels)
            )
        return self._fonts[size]


def bind(pictures: list[bytes]) -> bytes:
    """JPEG pictures as the pages of an A4 PDF, not encoded again."""
    document = pypdfium2.PdfDocument.new()
    for picture in pictures:
        page = document.new_page(*A4_POINTS)
        image = pypdfium2.PdfImage.new(document)
        image.load_jpeg(io.BytesIO(picture), inline=True)
        image.set_matrix(pypdfium2.PdfMatrix().scale(*A4_POINTS))
        page.insert_obj(image)
        page.gen_content()
    output = io.BytesIO()
    document.save(output)
    return output.getvalue()


def pad_to(pdf: bytes, size: int) -> bytes:
    """The same PDF with exactly ``size`` bytes: a comment of noise between header and body.

    Noise, because a store or a line that compresses must not make it small again. Offsets in the
    cross-reference move with it, so they are written anew by appending a new version instead.
    """
    head, tail = b"\n%", b"\nstartxref\n" + pdf.rsplit(b"startxref", 1)[1].strip()
    room = size - len(pdf) - len(head) - len(tail) - 1
    if room < 0:
        raise ValueError(f"the PDF has {len(pdf)} bytes already, wanted {size}")
    # Hex digits: a comment must not hold line ends.
    noise = random.Random(size).randbytes(room // 2 + 1).hex().encode()[:room]
    return pdf + head + noise + tail + b"\n"
