"""``bin/bench patterns``: makes the two tables of portal/pdf/checks anew: upright.npy, digits.npy.

The first counts the patterns of upright writing, the second holds drawn digits.

Text is drawn from the 3,755 commonest characters of GB 2312 and digits, in two typefaces and many
sizes, leaning, softened, among rules in both directions, as a page of 1000 pixels shows it. The
characters come in no order: no sentence and no form of the demo is learned by heart.
"""

from __future__ import annotations

import random
from pathlib import Path

import numpy as np
from PIL import Image, ImageDraw, ImageFilter, ImageFont

FONTS = (
    "/usr/share/fonts/opentype/noto/NotoSerifCJK-Regular.ttc",
    "/usr/share/fonts/opentype/noto/NotoSansCJK-Regular.ttc",
)
DIGIT_FONTS = (*FONTS, *(path.replace("Regular", "Bold") for path in FONTS))
COMMON = [
    bytes((high, low)).decode("gb2312", "ignore")
    for high in range(0xB0, 0xD8)
    for low in range(0xA1, 0xFF)
]
PAGES = 400
SIZE = (700, 500)
SMOOTHING = 0.5
STEPS = 16
"""The table holds sixteenths of a natural logarithm, as whole numbers of a byte."""


def main() -> None:
    from portal.pdf.checks import orientation

    chance = random.Random(3755)
    counts = np.zeros(1 << 16)
    for _ in range(PAGES):
        counts += orientation.count_patterns(page(chance))
    counts[0] = counts[-1] = 0
    logs = np.log((counts + SMOOTHING) / (counts.sum() + SMOOTHING * len(counts)))
    around = np.mean([logs[orientation.turned_codes(turn)] for turn in range(4)], axis=0)
    table = np.round((logs - around) * STEPS).clip(-127, 127).astype(np.int8)
    path = Path(orientation.__file__).with_name("upright.npy")
    np.save(path, table)
    digits()
    print(
        f"{PAGES} pages, {counts.sum():.0f} patterns, {(table != 0).sum()} of them tell → {path.name}"
    )


def digits() -> None:
    """Ten digits in four typefaces, thick and thin as a scan makes them."""
    from portal.pdf.checks import page_numbers

    made = np.zeros((10, len(DIGIT_FONTS) * 2, *page_numbers.GLYPH), np.float32)
    for digit in range(10):
        for place, path in enumerate(DIGIT_FONTS):
            canvas = Image.new("L", (120, 160), 255)
            font = ImageFont.truetype(path, 96)
            ImageDraw.Draw(canvas).text((60, 80), str(digit), 0, font, anchor="mm")
            for thick, softness in enumerate((3, 6)):
                soft = canvas.filter(ImageFilter.GaussianBlur(softness))
                dark = 1 - np.asarray(soft, dtype=np.float32) / 255
                ink = dark > 0.25
                rows, columns = np.flatnonzero(ink.any(1)), np.flatnonzero(ink.any(0))
                glyph = dark[rows[0] : rows[-1] + 1, columns[0] : columns[-1] + 1]
                made[digit, place * 2 + thick] = page_numbers.normalised(glyph)
    table = np.round(made.reshape(10, made.shape[1], -1) * 127).astype(np.int8)
    np.save(Path(page_numbers.__file__).with_name("digits.npy"), table)


def page(chance: random.Random) -> np.ndarray:
    """A page's ink: lines of text at twice the size, brought down as a scan is."""
    sheet = Image.new("L", (SIZE[0] * 2, SIZE[1] * 2), 255)
    pen = ImageDraw.Draw(sheet)
    size = chance.randint(22, 52)
    font = ImageFont.truetype(chance.choice(FONTS), size)
    tone, down = chance.randint(20, 110), chance.uniform(1.1, 2.2)
    for top in np.arange(10, sheet.height - size, size * down):
        text = chance.choices([one for one in COMMON if one], k=60)
        for place in range(0, 60, 11):
            text[place] = chance.choice("，。、0123456789")
        shift = chance.uniform(0, 90)
        for place, character in enumerate(text[: chance.randint(8, 60)]):
            lift = chance.uniform(-0.08, 0.08) * size
            pen.text((shift + place * size * 1.08, top + lift), character, tone, font)
    for _ in range(chance.randint(0, 14)):
        at, thick = chance.random(), chance.randint(2, 4)
        if chance.random() < 0.5:
            pen.line((0, at * sheet.height, sheet.width, at * sheet.height), tone, thick)
        else:
            pen.line((at * sheet.width, 0, at * sheet.width, sheet.height), tone, thick)
    turned = sheet.rotate(chance.gauss(0, 2), Image.Resampling.BILINEAR, fillcolor=255)
    soft = turned.filter(ImageFilter.GaussianBlur(chance.uniform(0.3, 1.6)))
    grey = np.asarray(soft.resize(SIZE, Image.Resampling.BOX))
    return grey < 255 * 0.75


if __name__ == "__main__":
    main()
