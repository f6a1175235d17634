"""Draws invented scanned 《入团志愿书》: cover, tables, handwriting, red seal, paper tone, a tilt.

The cover is filled in for each member; the other pages come from a pool that is drawn once, which
is what makes 200 forms in a few seconds possible. Pages are JPEGs put into a PDF as they are.
"""

from __future__ import annotations

import io
import math
import random
from functools import cached_property
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


_WORDS = (
    "我志愿加入中国共产主义青年团，坚决拥护中国共产党的领导，遵守团的章程，执行团的决议，"
    "履行团员义务，严守团的纪律，勤奋学习，积极工作，吃苦在前，享受在后，为共产主义事业而奋斗。"
    "我从小在老师和家人的教育下认识到，共青团是先进青年的群众组织，是党的助手和后备军。"
    "在学校里我担任过班级的学习委员，组织同学参加志愿服务、植树、敬老等活动，也帮助有困难的同学"
    "补习数学和英语。我知道自己还有缺点，有时不够细心，今后要严格要求自己，虚心听取意见。"
    "如果组织批准我的申请，我一定按时交纳团费，参加团的会议，完成团组织交给的任务；"
    "如果这一次没有被批准，我会找出差距，继续努力，争取早日成为一名光荣的共青团员。"
)
"""What is written by hand: the oath of the league and what applicants say."""


class Paper:
    """Draws forms; the same seed draws the same ones. ``dpi`` is that of the scanned pictures."""

    def __init__(self, seed: int = 1, dpi: int = 150) -> None:
        self._chance = random.Random(seed)
        self._size = (round(A4_INCHES[0] * dpi), round(A4_INCHES[1] * dpi))
        self._unit = dpi / 100
        self._fonts: dict[tuple[int, bool], ImageFont.FreeTypeFont | ImageFont.ImageFont] = {}
        self._written: dict[tuple[str, int, int], Image.Image] = {}
        self._covers: list[tuple[Image.Image, float]] = []
        self._pool: dict[int, list[bytes]] = {}

    def form(self, number: str, name: str, branch: str, pages: int = PAGES) -> bytes:
        """A form as a PDF of pictures. Beyond eight pages the inner ones come again."""
        return bind(self.pictures(number, name, branch, pages))

    def pictures(self, number: str, name: str, branch: str, pages: int = PAGES) -> list[bytes]:
        """The form's pages as JPEGs."""
        made = [self._scanned_cover(number, name, branch)]
        for page in range(1, pages):
            made.append(self._chance.choice(self._inner(1 + (page - 1) % (PAGES - 1))))
        return made

    def cover(self, number: str, name: str, branch: str) -> Image.Image:
        """The cover's sheet, as it lies on the table."""
        picture = self._printed_cover()
        for mask, middle in self._filled_in(number, name, branch):
            _paste(picture, mask, middle)
        return picture

    def inner(self, page: int, printed: int | None = None, *, seal: bool = True) -> Image.Image:
        """An inner page's sheet, 1 to 7; ``printed`` is the number at its foot."""
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
                self._write(picture, left + 200 * unit, y - 31 * unit, self._chance.randint(4, 16))
            elif line < 17 or page < 6:
                self._write(picture, left + 30 * unit, y - 22 * unit, self._chance.randint(19, 23))
        if page <= 3:
            pen.line((left + 190 * unit, top, left + 190 * unit, bottom), PRINT)
        foot = f"— {printed or page} —"
        pen.text((width / 2, 1110 * unit), foot, PRINT, self._font(16), anchor="mm")
        return self._stamp(picture) if seal and page >= PAGES - 2 else picture

    @cached_property
    def _noise(self) -> Image.Image:
        """Drawn once: it is a third of a page's drawing time, and nobody compares two pages'."""
        return Image.effect_noise(self._size, 14).convert("RGB")

    def _inner(self, page: int) -> list[bytes]:
        if page not in self._pool:
            self._pool[page] = [self._scan(*self._laid(self.inner(page))) for _ in range(VARIANTS)]
        return self._pool[page]

    def _scanned_cover(self, number: str, name: str, branch: str) -> bytes:
        """One of a few covers, laid on the scanner once; what is filled in is turned with it."""
        if not self._covers:
            self._covers = [self._laid(self._printed_cover()) for _ in range(VARIANTS)]
        laid, tilt = self._chance.choice(self._covers)
        picture, turn = laid.copy(), math.radians(tilt)
        for mask, (x, y) in self._filled_in(number, name, branch):
            right, down = x - self._size[0] / 2, y - self._size[1] / 2
            middle = (
                self._size[0] / 2 + right * math.cos(turn) + down * math.sin(turn),
                self._size[1] / 2 - right * math.sin(turn) + down * math.cos(turn),
            )
            turned = mask.rotate(tilt, Image.Resampling.BICUBIC, expand=True)
            _paste(picture, turned, middle)
        return self._scan(picture, tilt)

    def _printed_cover(self) -> Image.Image:
        picture, pen = self._sheet()
        width, unit = self._size[0], self._unit
        pen.text((width / 2, 250 * unit), "中国共产主义青年团", PRINT, self._font(38), anchor="mm")
        pen.text((width / 2, 340 * unit), "入 团 志 愿 书", PRINT, self._font(66), anchor="mm")
        pen.text((110 * unit, 86 * unit), "编号", PRINT, self._font(20), anchor="lm")
        for place in range(12):
            left = (170 + 32 * place) * unit
            box = (left, 66 * unit, left + 30 * unit, 106 * unit)
            pen.rectangle(box, outline=PRINT, width=max(1, round(unit)))
        for line, label in enumerate(("申请人", "支  部")):
            y = (720 + 80 * line) * unit
            pen.text((170 * unit, y), label, PRINT, self._font(26), anchor="lm")
            pen.line((270 * unit, y + 20 * unit, 690 * unit, y + 20 * unit), PRINT)
        pen.text((width / 2, 1040 * unit), "共青团中央组织部制", PRINT, self._font(22), anchor="mm")
        return picture

    def _filled_in(
        self, number: str, name: str, branch: str
    ) -> list[tuple[Image.Image, tuple[float, float]]]:
        """What the applicant filled in on the cover: masks with the place of their middle."""
        unit, made = self._unit, []
        for place, digit in enumerate(number):
            mask = self._mask(digit, self._font(26))
            made.append((mask, ((185 + 32 * place) * unit, 86 * unit)))
        for line, text in enumerate((name, branch)):
            mask = self._mask(text[:18], self._font(22))
            made.append((mask, (285 * unit + mask.width / 2, (720 + 80 * line) * unit)))
        return made

    @staticmethod
    def _mask(text: str, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> Image.Image:
        left, top, right, bottom = font.getbbox(text, anchor="ls")
        mask = Image.new("L", (math.ceil(right - left) + 2, math.ceil(bottom - top) + 2), 0)
        ImageDraw.Draw(mask).text((1 - left, 1 - top), text, 255, font, anchor="ls")
        return mask

    def _write(self, picture: Image.Image, x: float, y: float, characters: int) -> None:
        """Write by hand: characters that lean, wander and differ in size, middle line at ``y``."""
        chance, pitch = self._chance, 24.5 * self._unit
        start = chance.randrange(len(_WORDS) - 30)
        for place, character in enumerate(_WORDS[start : start + characters]):
            left = x + (place + 0.5 + chance.uniform(-0.05, 0.05)) * pitch
            if left + pitch > self._size[0] - 84 * self._unit:
                return
            size, lean = chance.choice((20, 22, 23)), chance.choice((-6, -2, 3, 7))
            key = (character, size, lean)
            if key not in self._written:
                mask = self._mask(character, self._font(size, hand=True))
                self._written[key] = mask.rotate(lean, Image.Resampling.BICUBIC, expand=True)
            low = 0.2 if character in "，。、" else chance.uniform(-0.06, 0.06)
            aside = -0.3 if character in "，。、" else 0
            _paste(picture, self._written[key], (left + aside * pitch, y + low * pitch), INK)

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

    def _laid(self, sheet: Image.Image) -> tuple[Image.Image, float]:
        """The sheet on the scanner's glass: a tilt in degrees, which softens it."""
        tilt = self._chance.uniform(-0.9, 0.9)
        return sheet.rotate(tilt, Image.Resampling.BILINEAR, fillcolor=(232, 231, 226)), tilt

    def _scan(self, laid: Image.Image, _tilt: float) -> bytes:
        """What the scanner makes of it: noise, JPEG."""
        output = io.BytesIO()
        Image.blend(laid, self._noise, 0.06).save(output, "JPEG", quality=68)
        return output.getvalue()

    def _font(
        self, size: int, *, hand: bool = False
    ) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
        if (size, hand) not in self._fonts:
            fonts = _FONTS[::-1] if hand else _FONTS
            path = next((font for font in fonts if Path(font).exists()), None)
            pixels = round(size * self._unit)
            self._fonts[size, hand] = (
                ImageFont.truetype(path, pixels) if path else ImageFont.load_default(pixels)
            )
        return self._fonts[size, hand]


def _paste(
    picture: Image.Image,
    mask: Image.Image,
    middle: tuple[float, float],
    ink: tuple[int, int, int] = INK,
) -> None:
    at = (round(middle[0] - mask.width / 2), round(middle[1] - mask.height / 2))
    picture.paste(ink, at, mask)


def bind(pictures: list[bytes], dpi: int | None = None) -> bytes:
    """JPEG pictures as the pages of a PDF, not encoded again.

    The pages are A4, or each as large as its picture is at ``dpi``.
    """
    document = pypdfium2.PdfDocument.new()
    for picture in pictures:
        size = A4_POINTS
        if dpi is not None:
            width, height = Image.open(io.BytesIO(picture)).size
            size = (width * 72 / dpi, height * 72 / dpi)
        page = document.new_page(*size)
        image = pypdfium2.PdfImage.new(document)
        image.load_jpeg(io.BytesIO(picture), inline=True)
        image.set_matrix(pypdfium2.PdfMatrix().scale(*size))
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
