"""Draws the portal's icons: a white star on red, with soft edges, as PNG of sixteen shades.

PORTAL_WRITE_ICONS=1 with tests/web/test_installing.py writes them into portal/static/icons.
"""

from __future__ import annotations

import math
import struct
import zlib

RED, WHITE = (0xA8, 0x12, 0x1A), (0xFF, 0xFF, 0xFF)
SHADES = 16
FINER = 4  # subpixels along a side

ICONS = {
    # name: side, radius of the star and of the ring in hundredths of the side; 0: no ring
    "icon-192.png": (192, 30, 42),
    "icon-512.png": (512, 30, 42),
    "apple-touch-180.png": (180, 30, 42),
    # A launcher may cut away all but the circle of 80 %: the whole drawing lies inside it.
    "maskable-512.png": (512, 24, 34),
}


def draw(side: int, star: int, ring: int) -> bytes:
    """One icon's file."""
    corners = star_corners(side / 2, side * star / 100)
    outer, inner = side * ring / 100, side * (ring - 4) / 100
    rows = []
    for y in range(side):
        cover = [0] * side
        for line in range(FINER):
            at = y + (line + 0.5) / FINER
            for left, right in spans(corners, at) + ring_spans(side / 2, inner, outer, at):
                fill(cover, left * FINER, right * FINER)
        rows.append(bytes(pack([min(SHADES - 1, one * SHADES // FINER**2) for one in cover])))
    return png(side, rows)


def star_corners(centre: float, radius: float) -> list[tuple[float, float]]:
    """The ten corners of a five-pointed star."""
    inner = radius * math.sin(math.radians(18)) / math.sin(math.radians(54))
    corners = []
    for place in range(10):
        turn = math.radians(36 * place - 90)
        length = inner if place % 2 else radius
        corners.append((centre + length * math.cos(turn), centre + length * math.sin(turn)))
    return corners


def spans(corners: list[tuple[float, float]], y: float) -> list[tuple[float, float]]:
    """Where a line crosses a polygon, from and to."""
    crossed = []
    for (x1, y1), (x2, y2) in zip(corners, corners[1:] + corners[:1], strict=True):
        if min(y1, y2) <= y < max(y1, y2):
            crossed.append(x1 + (y - y1) * (x2 - x1) / (y2 - y1))
    crossed.sort()
    return list(zip(crossed[::2], crossed[1::2], strict=True))


def ring_spans(centre: float, inner: float, outer: float, y: float) -> list[tuple[float, float]]:
    """Where a line crosses a ring."""
    off = abs(y - centre)
    if off >= outer:
        return []
    far = math.sqrt(outer**2 - off**2)
    if off >= inner:
        return [(centre - far, centre + far)]
    near = math.sqrt(inner**2 - off**2)
    return [(centre - far, centre - near), (centre + near, centre + far)]


def fill(cover: list[int], left: float, right: float) -> None:
    """Count the subpixels of a line from ``left`` to ``right``, in subpixels."""
    for place in range(round(left), round(right)):
        cover[place // FINER] += 1


def pack(shades: list[int]) -> list[int]:
    """Two shades a byte."""
    return [shades[at] << 4 | shades[at + 1] for at in range(0, len(shades), 2)]


def png(side: int, rows: list[bytes]) -> bytes:
    """A PNG of four bits a pixel with a palette from red to white."""
    palette = bytes(
        round(low + (high - low) * shade / (SHADES - 1))
        for shade in range(SHADES)
        for low, high in zip(RED, WHITE, strict=True)
    )
    head = struct.pack(">IIBBBBB", side, side, 4, 3, 0, 0, 0)
    pixels = zlib.compress(b"".join(b"\0" + row for row in rows), 9)
    parts = ((b"IHDR", head), (b"PLTE", palette), (b"IDAT", pixels), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(kind, body) for kind, body in parts)


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def pixels(content: bytes) -> tuple[int, list[list[int]]]:
    """The side and the shades of an icon that ``draw`` made."""
    side = struct.unpack(">I", content[16:20])[0]
    start = content.index(b"IDAT")
    (length,) = struct.unpack(">I", content[start - 4 : start])
    plain = zlib.decompress(content[start + 4 : start + 4 + length])
    width = side // 2 + 1
    rows = [plain[at + 1 : at + width] for at in range(0, len(plain), width)]
    return side, [[shade for byte in row for shade in (byte >> 4, byte & 15)] for row in rows]
