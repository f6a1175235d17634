"""The picture streams of a PDF as pypdf has them: which can be JPEGs, and how to make them so."""

from __future__ import annotations

from collections.abc import Iterator

from pypdf import PdfWriter
from pypdf.generic import ArrayObject, DictionaryObject, NameObject, NumberObject, StreamObject

FORM_DEPTH = 6

_ONE_BIT = {"JBIG2Decode", "CCITTFaxDecode"}
_NAMED_COLOURS = {"/DeviceGray", "/DeviceRGB"}


def pictures_of(writer: PdfWriter) -> Iterator[StreamObject]:
    """The pictures of all pages that can be coded as a JPEG; one on two pages comes twice."""
    for page in writer.pages:
        yield from _pictures_in(page.get("/Resources"), FORM_DEPTH)


def _pictures_in(resources: object, depth: int) -> Iterator[StreamObject]:
    """The pictures that can be coded as a JPEG, in the pages' forms too."""
    resources = _resolved(resources)
    if depth == 0 or not isinstance(resources, DictionaryObject):
        return
    named = _resolved(resources.get("/XObject"))
    if not isinstance(named, DictionaryObject):
        return
    for one in named.values():
        one = _resolved(one)
        if not isinstance(one, StreamObject):
            continue
        if one.get("/Subtype") == "/Form":
            yield from _pictures_in(one.get("/Resources"), depth - 1)
        elif one.get("/Subtype") == "/Image" and _may_be_jpeg(one):
            yield one


def _may_be_jpeg(image: StreamObject) -> bool:
    """Not of 1 bit, no stencil, and no colour that means transparent."""
    return not (
        _one_bit(image)
        or bool(_resolved(image.get("/ImageMask", False)))
        or isinstance(_resolved(image.get("/Mask")), ArrayObject)
        or bool(_resolved(image.get("/SMaskInData", 0)))
    )


def _one_bit(image: StreamObject) -> bool:
    return _resolved(image.get("/BitsPerComponent")) == 1 or bool(
        {name.lstrip("/") for name in _filters(image)} & _ONE_BIT
    )


def _filters(image: StreamObject) -> list[str]:
    filters = _resolved(image.get("/Filter", ArrayObject()))
    return [str(one) for one in (filters if isinstance(filters, ArrayObject) else [filters])]


def is_plain_jpeg(image: StreamObject) -> bool:
    """A JPEG whose numbers mean grey or RGB, as a decoder of JPEGs takes them to."""
    if _filters(image) != ["/DCTDecode"] or "/Decode" in image:
        return False
    colours = _resolved(image.get("/ColorSpace"))
    if isinstance(colours, ArrayObject) and len(colours) > 1:
        if colours[0] != "/ICCBased":
            return False
        profile = _resolved(colours[1])
        return isinstance(profile, DictionaryObject) and profile.get("/N") in (1, 3)
    return str(colours) in _NAMED_COLOURS


def put_jpeg(stream: StreamObject, jpeg: bytes, size: tuple[int, int], colours: str | None) -> None:
    """Make a stream this JPEG; ``colours`` names its colour space where it is another one now."""
    stream._data = jpeg
    for name in ("/DecodeParms", "/Decode", "/Intent", "/Length"):
        stream.pop(NameObject(name), None)
    stream[NameObject("/Filter")] = NameObject("/DCTDecode")
    stream[NameObject("/Width")] = NumberObject(size[0])
    stream[NameObject("/Height")] = NumberObject(size[1])
    stream[NameObject("/BitsPerComponent")] = NumberObject(8)
    if colours is not None:
        stream[NameObject("/ColorSpace")] = NameObject(colours)


def _resolved(value: object) -> object:
    return value.get_object() if hasattr(value, "get_object") else value
