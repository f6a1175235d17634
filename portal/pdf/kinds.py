"""What a file is, by its first bytes: named to the person who chose another one than was wanted."""

from __future__ import annotations

HEADER_WITHIN = 1024
"""Acrobat takes a PDF's header within the first 1024 bytes, and so do the scanners' users."""

_MAGIC = (
    (b"\x89PNG", "PNG 图片"),
    (b"\xff\xd8\xff", "JPEG 图片"),
    (b"GIF8", "GIF 图片"),
    (b"BM", "BMP 图片"),
    (b"II*\x00", "TIFF 图片"),
    (b"MM\x00*", "TIFF 图片"),
    (b"\xd0\xcf\x11\xe0", "Word 或 WPS 文档"),
    (b"Rar!", "RAR 压缩包"),
    (b"7z\xbc\xaf", "7z 压缩包"),
    (b"{\\rtf", "Word 文档"),
    (b"<", "网页"),
)
_HEIC = (b"heic", b"heix", b"hevc", b"heim", b"heis", b"mif1", b"msf1")


def is_pdf(content: bytes) -> bool:
    """Whether the file says that it is a PDF."""
    return b"%PDF-" in content[:HEADER_WITHIN]


def kind_of(content: bytes) -> str:
    """What a file is, in words."""
    if content[:4] == b"PK\x03\x04":
        if b"word/" in content[:4096]:
            return "Word 文档"
        return "Excel 表格" if b"xl/" in content[:4096] else "ZIP 压缩包"
    if content[4:8] == b"ftyp" and content[8:12] in _HEIC:
        return "HEIC 图片"
    if content[:4] == b"RIFF" and content[8:12] == b"WEBP":
        return "WebP 图片"
    named = next((name for magic, name in _MAGIC if content.startswith(magic)), None)
    return named or ("PDF" if is_pdf(content) else "别的格式")
