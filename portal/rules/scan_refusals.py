"""What is wrong with a file: each refusal with the sentence that says what to do (guide 5.1)."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, ClassVar

from portal.errors import PortalError

MAX_SCAN_BYTES = 15 * 1024 * 1024
"""15 M, that size included."""

MAX_PAGES = 60

MAX_FOUND = 20
"""Characters of the name of what a file holds instead of a PDF."""


class RefusalReason(StrEnum):
    """Why a file is refused."""

    NOT_PDF = "not_pdf"
    EMPTY = "empty"
    TOO_LARGE = "too_large"
    BROKEN = "broken"
    PAGE_BROKEN = "page_broken"
    PASSWORD = "password"  # noqa: S105 (a reason, no secret)
    NO_PAGES = "no_pages"
    TOO_MANY_PAGES = "too_many_pages"
    NOT_A_SCAN = "not_a_scan"
    JAVASCRIPT = "javascript"
    LAUNCH_ACTION = "launch_action"
    EMBEDDED_FILE = "embedded_file"
    XFA = "xfa"
    TIMEOUT = "timeout"
    CRASHED = "crashed"


DISPUTED_NOTICE = "两种方法读这个文件的结果不一致，但每一页都能显示。请打开“点击查看”逐页核对。"
"""Said after an upload of a file that only one of two parsers reads without a complaint."""

_AGAIN = "请用扫描软件重新生成 PDF 后再上传。"

_SENTENCES: Mapping[RefusalReason, str] = {
    RefusalReason.NOT_PDF: "这个文件不是 PDF（内容是 {found}）。请把各页合成 1 份 PDF 后再上传。",
    RefusalReason.EMPTY: "文件是空的（0 字节）。请重新扫描或重新保存后再上传。",
    RefusalReason.TOO_LARGE: "文件有 {size}，超过 15M。"
    "可以把扫描分辨率调到 200 dpi 或改为灰度，重新生成后再上传。",
    RefusalReason.BROKEN: "文件已损坏，打不开。可能是保存或拷贝时中断了，请重新生成 PDF。",
    RefusalReason.PAGE_BROKEN: "第 {page} 页显示不出来，文件可能已损坏。请重新扫描或重新生成 PDF。",
    RefusalReason.PASSWORD: "文件设置了打开密码。请去掉密码后再上传。",
    RefusalReason.NO_PAGES: "文件里没有页面。请重新扫描后再上传。",
    RefusalReason.TOO_MANY_PAGES: "文件有 {pages} 页，超过 60 页。"
    "每名团员 1 份，请确认没有把几个人的合在一起。",
    RefusalReason.NOT_A_SCAN: "第 {page} 页不是扫描件或图片。"
    "《入团志愿书》须逐页扫描，或拍照后合成。",
    RefusalReason.JAVASCRIPT: "文件里带有程序（JavaScript）。" + _AGAIN,
    RefusalReason.LAUNCH_ACTION: "文件里带有启动其他程序的动作。" + _AGAIN,
    RefusalReason.EMBEDDED_FILE: "文件里夹带了附件。" + _AGAIN,
    RefusalReason.XFA: "文件是可填写的电子表单（XFA），不是扫描件。" + _AGAIN,
    RefusalReason.TIMEOUT: "检查这个文件用时太久，没有保存。"
    "请用扫描软件重新生成 PDF；仍不行请联系上级团委。",
    RefusalReason.CRASHED: "检查这个文件时出了问题，没有保存。"
    "请用扫描软件重新生成 PDF；仍不行请联系上级团委。",
}


@dataclass(frozen=True, slots=True)
class Refusal:
    """A reason with what its sentence needs; ``size`` in bytes, ``page`` counts from 1."""

    reason: RefusalReason
    page: int | None = None
    pages: int | None = None
    size: int | None = None
    found: str | None = None

    @property
    def message(self) -> str:
        """What happened and what to do next."""
        return _SENTENCES[self.reason].format(
            page=self.page,
            pages=self.pages,
            size=_over(self.size or 0),
            found=self.found or "别的格式",
        )

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Refusal:
        """From plain data of a process that is not trusted.

        Raises ``ValueError``, ``TypeError``, ``KeyError`` or ``OverflowError`` for anything else
        than a refusal.
        """
        reason, found = RefusalReason(plain["reason"]), plain.get("found")
        page, pages, size = (
            None if (count := plain.get(name)) is None else int(count)
            for name in ("page", "pages", "size")
        )
        return cls(reason, page, pages, size, None if found is None else str(found)[:MAX_FOUND])


class ScanRefused(PortalError):
    """The file is refused; nothing was changed."""

    status: ClassVar[int] = 422

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal


def format_size(size: int) -> str:
    """Bytes as the guide writes them: ``4.2M``; small ones in K."""
    if size < 1024 * 1024:
        return f"{max(1, round(size / 1024))}K"
    return f"{size / (1024 * 1024):.1f}M"


def _over(size: int) -> str:
    """A size over the limit, rounded up: one byte too many must not read as 15.0M."""
    return f"{-(-size * 10 // (1024 * 1024)) / 10:.1f}M"
