"""Making a form's file here: of a phone's pictures, or of a file over 15 M (guide 5.1).

What may come in, how fine what is made must stay, and the sentences for what can't be made.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from enum import StrEnum
from typing import Any, ClassVar

from portal.errors import PortalError
from portal.rules.scan_refusals import MAX_SCAN_BYTES, format_size

MIB = 1024 * 1024

FITTING_BYTES = MAX_SCAN_BYTES - 64 * 1024
"""What is made keeps clear of 15 M: nobody's count of it may come to another verdict."""

LEAST_DPI = 150
"""Pictures are never made coarser than this, in dots per inch of A4."""

LEAST_SCAN_DPI = 200
"""A scan's page pictures are never made coarser than this, on the page as large as it is."""

MAX_PICTURES = 30
"""Of one form: eight pages, each taken twice or more."""

MAX_PICTURE_BYTES = 20 * MIB
MAX_PICTURES_BYTES = 200 * MIB
"""All pictures of one form together."""

MAX_SOURCE_BYTES = 100 * MIB
"""Of a file that is to be compressed."""

LEAST_SIDE = 600
"""Pixels of a picture's longer side; under them no handwriting can be read on A4 (51 dpi)."""

MOST_PIXELS = 64_000_000
"""Of a picture that is unpacked whole, to 192 MB. A JPEG can be unpacked to a half, a PNG can't."""

MAX_DRAFTS = 10
"""Files of one kind that one person is making at the same time, each of another member."""

A4_INCHES = (210 / 25.4, 297 / 25.4)


def a4_dpi(width: int, height: int) -> int:
    """Dots per inch of a picture that is laid on A4, upright or across as it lies."""
    short, long = sorted((width, height))
    return round(max(short / A4_INCHES[0], long / A4_INCHES[1]))


class MakingReason(StrEnum):
    """Why a picture can't be taken, or a file not be made."""

    NO_PICTURE = "no_picture"
    PICTURE_TOO_LARGE = "picture_too_large"
    PICTURE_BROKEN = "picture_broken"
    PICTURE_TOO_SMALL = "picture_too_small"
    TOO_MANY_PIXELS = "too_many_pixels"
    TOO_MANY_PICTURES = "too_many_pictures"
    NO_ROOM = "no_room"
    NOTHING_TO_JOIN = "nothing_to_join"
    PICTURES_TOO_MUCH = "pictures_too_much"
    SOURCE_TOO_LARGE = "source_too_large"
    SMALL_ALREADY = "small_already"
    SCAN_TOO_MUCH = "scan_too_much"
    TOO_MANY_DRAFTS = "too_many_drafts"
    BUSY = "busy"
    TIMEOUT = "timeout"
    CRASHED = "crashed"


_ORIGINAL = "请用手机相机拍的原图（微信里发送时选“原图”）。"

_SENTENCES: Mapping[MakingReason, str] = {
    MakingReason.NO_PICTURE: "这不是 JPEG 或 PNG 图片（内容是 {found}）。{instead}",
    MakingReason.PICTURE_TOO_LARGE: "图片有 {size}，超过 20M。请用相机的普通模式重新拍这一页。",
    MakingReason.PICTURE_BROKEN: "图片已损坏，打不开。可能是拷贝时中断了，请重新选择或重新拍。",
    MakingReason.PICTURE_TOO_SMALL: "图片只有 {width}×{height} 像素，看不清字。" + _ORIGINAL,
    MakingReason.TOO_MANY_PIXELS: "图片的像素太多，打不开。"
    "请存为 JPEG 格式，或用相机的普通模式重新拍。",
    MakingReason.TOO_MANY_PICTURES: f"最多 {MAX_PICTURES} 张图片（标为删除的也算）。"
    "每名团员 1 份，请确认没有把几个人的放在一起；可以点“全部清空”重新选择。",
    MakingReason.NO_ROOM: "这些图片加起来超过 200M。请点“全部清空”，用相机的普通模式重新拍。",
    MakingReason.NOTHING_TO_JOIN: "还没有图片可以合成。请先添加各页的照片。",
    MakingReason.PICTURES_TOO_MUCH: "{pages} 页降到 150 dpi 还有 {size}，放不进 15M，"
    "再降就看不清了。请删除重复或不要的图片，或分次扫描为灰度的 PDF 后上传。",
    MakingReason.SOURCE_TOO_LARGE: "文件有 {size}，超过 100M，不能在这里压缩。"
    "请把扫描分辨率调到 200 dpi 或改为灰度，重新生成后再上传。",
    MakingReason.SMALL_ALREADY: "文件只有 {size}，没有超过 15M，不需要压缩，可以直接上传。",
    MakingReason.SCAN_TOO_MUCH: "各页降到 200 dpi 还有 {size}，超过 15M，再降就看不清了。"
    "请改为灰度重新扫描（盖红章的一页保留彩色），或确认没有多余的页。",
    MakingReason.TOO_MANY_DRAFTS: "您还有 {pages} 名团员的文件没有做完（{found}等）。"
    "请先把它们上传、放弃或清空，再做这一份；没有改动的保留 1 天。",
    MakingReason.BUSY: "现在有几份文件正在处理，这一份没有做，没有任何改动。请过一会儿再试一次。",
    MakingReason.TIMEOUT: "处理用时太久，没有做成，没有任何改动。"
    "请少放几张，或用扫描软件生成 PDF 后上传。",
    MakingReason.CRASHED: "处理时出了问题，没有做成，没有任何改动。"
    "请用扫描软件重新生成 PDF 后上传。",
}

_INSTEAD = {
    "PDF": "PDF 请回到团员一行，点“选择文件…”直接上传。",
    "HEIC 图片": "iPhone 请打开 设置 › 相机 › 格式，选“兼容性最佳”后重新拍，"
    "或在手机浏览器里打开本页选择照片（会自动转成 JPEG）。",
}


@dataclass(frozen=True, slots=True)
class MakingRefusal:
    """A reason with what its sentence needs; ``size`` in bytes, ``width``, ``height`` in pixels."""

    reason: MakingReason
    found: str | None = None
    size: int | None = None
    width: int | None = None
    height: int | None = None
    pages: int | None = None

    @property
    def message(self) -> str:
        """What happened and what to do next."""
        return _SENTENCES[self.reason].format(
            found=self.found or "别的格式",
            instead=_INSTEAD.get(self.found or "", "请选择拍照得到的 JPEG 或 PNG 图片。"),
            size=format_size(self.size or 0),
            width=self.width,
            height=self.height,
            pages=self.pages,
        )

    def to_json(self) -> dict[str, Any]:
        """As plain values."""
        return asdict(self)

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> MakingRefusal:
        """From ``to_json``'s values; raises ``ValueError`` or ``TypeError`` on anything else."""
        return cls(**{**plain, "reason": MakingReason(plain["reason"])})


class MakingRefused(PortalError):
    """Nothing was made, and nothing was changed."""

    status: ClassVar[int] = 422

    def __init__(self, refusal: MakingRefusal) -> None:
        super().__init__(refusal.message)
        self.refusal = refusal
