"""Makes broken and hostile PDFs from good scans, the same ones from the same seed.

Each kind is a function of a chance and gives a file; most keep so much of a scan that the parsers
get far into it.
"""

from __future__ import annotations

import io
import random
import re
import struct
import zlib
from collections.abc import Callable, Iterator
from functools import cache

from PIL import Image, TiffImagePlugin
from pypdf import PdfReader, PdfWriter

from portal.demo.paper import Paper

_OBJECT = re.compile(rb"\d+ 0 obj\b.*?endobj", re.DOTALL)
_NUMBERS = (b"0", b"-1", b"1", b"2147483647", b"4294967296", b"99999999999999999999", b"1e99", b".")


@cache
def scan(pages: int = 3) -> bytes:
    """A good scan, small."""
    return Paper(seed=17, dpi=50).form("202611000001", "测试", "测试团支部", pages)


def mutants(seed: int) -> Iterator[tuple[str, bytes]]:
    """Kinds in turn, without end: name and file."""
    chance = random.Random(seed)
    while True:
        for kind in KINDS:
            yield kind.__name__.lstrip("_"), kind(chance)


# ---- accidents ----


def _bit_flips(chance: random.Random) -> bytes:
    """Anywhere, or only in the structure, where a flip does more."""
    content = bytearray(scan())
    structure = _structure(bytes(content))
    for _ in range(chance.choice((1, 4, 20, 200))):
        place = (
            chance.randrange(len(content)) if chance.random() < 0.3 else chance.choice(structure)
        )
        content[place] ^= 1 << chance.randrange(8)
    return bytes(content)


def _cuts(chance: random.Random) -> bytes:
    content = scan()
    start = chance.randrange(9, len(content))
    end = min(len(content), start + chance.choice((1, 50, 3000, 10**9)))
    return content[:start] + content[end:] + content[start:end] * chance.randrange(2)


def _swapped_objects(chance: random.Random) -> bytes:
    content = scan()
    found = list(_OBJECT.finditer(content))
    first, second = sorted(chance.sample(found, 2), key=lambda one: one.start())
    return b"".join(
        (
            content[: first.start()],
            second[0],
            content[first.end() : second.start()],
            first[0],
            content[second.end() :],
        )
    )


def _swapped_numbers(chance: random.Random) -> bytes:
    """References, lengths, sizes: any number becomes another one."""
    content = scan()
    places = list(re.finditer(rb"(?<=[ \[])\d+(?=[ \]/>\r])", content))
    for found in sorted(chance.sample(places, 3), key=lambda one: -one.start()):
        value = chance.choice((*_NUMBERS, b"%d" % chance.randrange(16)))
        content = content[: found.start()] + value + content[found.end() :]
    return content


# ---- lies ----


def _page_boxes(chance: random.Random) -> bytes:
    numbers = [chance.choice((*_NUMBERS, b"14400", b"1000000000", b"0.0001")) for _ in range(4)]
    return scan().replace(
        b"[ 0 0 595.28 841.89]", b"[" + b" ".join(numbers) + b"]", chance.choice((1, -1))
    )


def _counts(chance: random.Random) -> bytes:
    lie = chance.choice((*_NUMBERS, b"2", b"4", b"60", b"61", b"10000", b"1000000", b"4 0 R"))
    return scan().replace(b"/Count 3", b"/Count " + lie)


def _loops(chance: random.Random) -> bytes:
    """A table of objects, a tree of pages, a length or a form that leads back to itself."""
    content = scan()
    at = int(content.rsplit(b"startxref", 1)[1].split()[0])
    kind = chance.randrange(5)
    if kind == 0:
        return content.replace(b"/Root 1 0 R", b"/Prev %d/Root 1 0 R" % at)
    if kind == 1:
        return content.replace(b"/Kids[ 4 0 R", b"/Kids[ 2 0 R")
    if kind == 2:
        return re.sub(rb"/Length \d+", b"/Length 6 0 R", content)
    if kind == 3:
        return content.replace(b"/Parent 2 0 R", b"/Parent 4 0 R").replace(
            b"/Type/Page>>", b"/Type/Pages/Kids[4 0 R]/Count 1>>", 1
        )
    form = b"<</Type/XObject/Subtype/Form/BBox[0 0 9 9]/Resources<</XObject<</F 1 0 R>>>>/Length 5>>stream\n/F Do\nendstream"
    return _file(
        [
            form,
            b"<</Type/Page/Parent 3 0 R/MediaBox[0 0 595 842]/Contents 1 0 R/Resources<</XObject<</F 1 0 R>>>>>>",
            b"<</Type/Pages/Kids[2 0 R]/Count 1>>",
            b"<</Type/Catalog/Pages 3 0 R>>",
        ]
    )


def _nesting(chance: random.Random) -> bytes:
    deep = chance.choice((100, 5_000, 200_000))
    opening, closing = chance.choice(((b"[", b"]"), (b"<</A", b">>"), (b"[<</A[", b"]>>]")))
    return scan().replace(b"/Info 3 0 R", b"/Info " + opening * deep + closing * deep)


# ---- size ----


def _bombs(chance: random.Random) -> bytes:
    """Kilobytes that unpack to hundreds of megabytes: as content, as a picture, packed twice."""
    filler = chance.choice((b"\0", b"0 0 m ", b"q ", b"BT "))
    packed, filters = _packed(filler), b"/FlateDecode"
    if chance.random() < 0.5:
        packed, filters = zlib.compress(packed, 1), b"[/FlateDecode/FlateDecode]"
    if chance.random() < 0.5:
        return _one_page(packed, b"/Filter" + filters)
    side = chance.choice((12_000, 100_000))
    return _picture_page(packed, side, side, b"/DeviceGray", 8, filters)


@cache
def _packed(filler: bytes) -> bytes:
    return zlib.compress(filler * (150_000_000 // len(filler)), 1)


def _many_pages(chance: random.Random) -> bytes:
    count = chance.choice((61, 1_000, 10_000))
    kids = b" ".join(b"%d 0 R" % (4 + index) for index in range(count))
    page = b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 3 0 R>>"
    tree = b"<</Type/Pages/Kids[" + kids + b"]/Count %d>>" % count
    return _file([b"<</Type/Catalog/Pages 2 0 R>>", tree, _stream(b"q Q"), *[page] * count], root=1)


def _huge_pictures(chance: random.Random) -> bytes:
    width, height = chance.choice(
        ((100_000, 100_000), (2**31 - 1, 1), (1, 2**31 - 1), (65_536, 65_536))
    )
    filters = chance.choice(_FILTERS)
    space, bits = chance.choice(((b"/DeviceGray", 1), (b"/DeviceRGB", 8), (b"/DeviceCMYK", 16)))
    return _picture_page(chance.randbytes(3000), width, height, space, bits, filters)


# ---- kinds of pictures and of files ----

_FILTERS = (b"/DCTDecode", b"/JPXDecode", b"/JBIG2Decode", b"/CCITTFaxDecode", b"/FlateDecode", b"/LZWDecode", b"/RunLengthDecode", b"/ASCII85Decode")  # fmt: skip


def _picture_formats(chance: random.Random) -> bytes:
    """JPEG in CMYK, JPEG 2000, fax, JBIG2: whole, or with some bytes changed."""
    size = (chance.choice((40, 400)), chance.choice((60, 560)))
    kind = chance.choice(("cmyk", "jpx", "fax", "jbig2"))
    packed, space, bits, filters = _pack(kind, size)
    content = bytearray(packed)
    for _ in range(chance.choice((0, 0, 1, 30))):
        content[chance.randrange(len(content))] = chance.randrange(256)
    wide = size[0] * chance.choice((1, 1, 1000))
    return _picture_page(bytes(content), wide, size[1], space, bits, filters)


@cache
def _pack(kind: str, size: tuple[int, int]) -> tuple[bytes, bytes, int, bytes]:
    output = io.BytesIO()
    if kind == "cmyk":
        Image.new("CMYK", size, (20, 30, 40, 50)).save(output, "JPEG")
        return output.getvalue(), b"/DeviceCMYK", 8, b"/DCTDecode"
    if kind == "jpx":
        Image.effect_noise(size, 40).save(output, "JPEG2000")
        return output.getvalue(), b"/DeviceGray", 8, b"/JPXDecode"
    fax = _fax(size)
    if kind == "fax":
        parameters = b"/CCITTFaxDecode/DecodeParms<</K -1/Columns %d/Rows %d>>" % size
        return fax, b"/DeviceGray", 1, parameters
    # JBIG2: a page, and a generic region in the fax code.
    region = struct.pack(">IIIIBB", *size, 0, 0, 0, 1) + fax
    page = struct.pack(">IIIIBH", *size, 0, 0, 0, 0)
    return _segment(0, 48, page) + _segment(1, 38, region), b"/DeviceGray", 1, b"/JBIG2Decode"


def _fax(size: tuple[int, int]) -> bytes:
    output = io.BytesIO()
    picture = Image.effect_noise(size, 90).convert("1")
    picture.save(output, "TIFF", compression="group4")
    tags = Image.open(io.BytesIO(output.getvalue())).tag_v2  # type: ignore[attr-defined]
    start = tags[TiffImagePlugin.STRIPOFFSETS][0]
    return output.getvalue()[start : start + sum(tags[TiffImagePlugin.STRIPBYTECOUNTS])]


def _segment(number: int, kind: int, content: bytes) -> bytes:
    return struct.pack(">IBBBI", number, kind, 0, 1, len(content)) + content


def _encryption(chance: random.Random) -> bytes:
    """Every revision, with and without a password to open, whole or with its keys changed."""
    algorithm = chance.choice(("RC4-40", "RC4-128", "AES-128", "AES-256-R5", "AES-256"))
    content = _encrypted(algorithm, chance.choice(("", "geheim")))
    for name in (b"/V", b"/R", b"/Length", b"/P", b"/O", b"/U", b"/CFM", b"/StmF"):
        if chance.random() < 0.1:
            content = re.sub(name + rb" +\S+", name + b" " + chance.choice(_NUMBERS), content)
    return content


@cache
def _encrypted(algorithm: str, password: str) -> bytes:
    writer = PdfWriter(clone_from=PdfReader(io.BytesIO(scan())))
    writer.encrypt(password, owner_password="eigen", algorithm=algorithm)
    output = io.BytesIO()
    writer.write(output)
    return output.getvalue()


def _names_in_gbk(chance: random.Random) -> bytes:
    """As scanners' software writes them: bytes of GBK in names, titles and keys."""
    words = "".join(chance.choices("入团志愿书扫描件编号", k=6)).encode("gbk")
    if chance.random() < 0.5:
        picture, space, bits, filters = _pack("cmyk", (40, 60))
        entries = b"/Subtype/Image/Width 40/Height 60/ColorSpace%s/BitsPerComponent %d/Filter%s"
        image = _stream(picture, entries % (space, bits, filters))
        named = b"/XObject<</%s 5 0 R>>" % words
        return _one_page(b"q 595 0 0 842 0 0 cm /%s Do Q" % words, b"", named, image)
    content = scan()
    end = chance.choice((b")", b"\\"))  # the second byte of a character may be one
    return content.replace(
        b"/Creator(PDFium)", b"/Creator(" + words + b")/" + words + b"(" + words + end
    )


def _rebuilt(chance: random.Random) -> bytes:
    """Without a table of objects, so that a parser has to look for them itself."""
    content = scan().replace(b"startxref", b"startxxxx")
    if chance.random() < 0.5:
        content = content.replace(b"\nxref", b"\nxrxf")
    extra = chance.choice(
        (b"<</S/JavaScript/JS(app)>>", b"<</Type/ObjStm>>", b"(x)", b"<</Kids[1 0 R]>>")
    )
    return content.replace(
        b"trailer", b"70 0 obj" + extra + b"endobj\ntrailer", chance.randrange(2)
    )


KINDS: tuple[Callable[[random.Random], bytes], ...] = (
    _bit_flips, _cuts, _swapped_objects, _swapped_numbers, _page_boxes, _counts, _loops, _nesting,
    _bombs, _many_pages, _huge_pictures, _picture_formats, _encryption, _names_in_gbk, _rebuilt,
)  # fmt: skip


# ---- writing a file ----


def _structure(content: bytes) -> list[int]:
    """The places outside of streams."""
    places: list[int] = []
    start = 0
    for found in re.finditer(rb"stream\r?\n.*?endstream", content, re.DOTALL):
        places.extend(range(start, found.start()))
        start = found.end()
    return [*places, *range(start, len(content))]


def _stream(content: bytes, entries: bytes = b"") -> bytes:
    return b"<<%s/Length %d>>stream\n%s\nendstream" % (entries, len(content), content)


def _one_page(content: bytes, entries: bytes = b"", resources: bytes = b"", *more: bytes) -> bytes:
    page = (
        b"<</Type/Page/Parent 2 0 R/MediaBox[0 0 595 842]/Contents 4 0 R/Resources<<%s>>>>"
        % resources
    )
    tree = b"<</Type/Pages/Kids[3 0 R]/Count 1>>"
    return _file(
        [b"<</Type/Catalog/Pages 2 0 R>>", tree, page, _stream(content, entries), *more], root=1
    )


def _picture_page(
    packed: bytes, width: int, height: int, space: bytes, bits: int, filters: bytes
) -> bytes:
    entries = b"/Type/XObject/Subtype/Image/Width %d/Height %d/ColorSpace%s/BitsPerComponent %d/Filter%s" % (
        width, height, space, bits, filters,
    )  # fmt: skip
    return _one_page(
        b"q 595 0 0 842 0 0 cm /I Do Q", b"", b"/XObject<</I 5 0 R>>", _stream(packed, entries)
    )


def _file(objects: list[bytes], root: int = 4) -> bytes:
    """A file of these objects, numbered from 1."""
    output, places = bytearray(b"%PDF-1.7\n"), []
    for number, content in enumerate(objects, 1):
        places.append(len(output))
        output += b"%d 0 obj\n%s\nendobj\n" % (number, content)
    table = b"".join(b"%010d 00000 n\r\n" % place for place in places)
    at = len(output)
    output += b"xref\n0 %d\n0000000000 65535 f\r\n" % (len(objects) + 1) + table
    output += b"trailer\n<</Root %d 0 R/Size %d>>\nstartxref\n%d\n%%%%EOF\n" % (
        root,
        len(objects) + 1,
        at,
    )
    return bytes(output)
