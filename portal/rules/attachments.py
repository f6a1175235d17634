"""Attachments of letters: what may be one, and the sentences for what may not."""

from __future__ import annotations

import unicodedata
from collections.abc import Mapping
from enum import StrEnum
from pathlib import PurePosixPath
from typing import ClassVar

from portal.errors import PortalError
from portal.rules.scan_refusals import format_size

MAX_FILES = 5
MAX_BYTES = 10 * 1024 * 1024
"""All attachments of one letter together."""

NAME_LENGTH = 100


class AttachmentKind(StrEnum):
    """What an attachment is, by its content; the value is its suffix."""

    PDF = "pdf"
    SHEET = "xlsx"
    PICTURE = "jpg"  # a PNG becomes one

    @property
    def mimetype(self) -> str:
        """For the download."""
        return _TYPES[self]


_TYPES = {
    AttachmentKind.PDF: "application/pdf",
    AttachmentKind.SHEET: "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
    AttachmentKind.PICTURE: "image/jpeg",
}


class AttachmentReason(StrEnum):
    """Why a file is not taken."""

    OTHER_KIND = "other_kind"
    EMPTY = "empty"
    TOO_MANY = "too_many"
    TOO_LARGE = "too_large"
    BROKEN = "broken"
    PASSWORD = "password"  # noqa: S105 (a reason, no secret)
    ACTIVE = "active"
    MACROS = "macros"
    INSIDE = "inside"
    BAD_PICTURE = "bad_picture"
    TIMEOUT = "timeout"
    CRASHED = "crashed"


_AGAIN = "请重新生成后再添加。"
_SENTENCES: Mapping[AttachmentReason, str] = {
    AttachmentReason.OTHER_KIND: "附件只能是 PDF、Excel 表格（.xlsx）或 JPEG、PNG 图片，"
    "这个文件的内容是 {found}。请转换格式后再添加。",
    AttachmentReason.EMPTY: "文件是空的（0 字节）。请重新保存后再添加。",
    AttachmentReason.TOO_MANY: f"一封信最多 {MAX_FILES} 个附件。请先移除不用的。",
    AttachmentReason.TOO_LARGE: "加上它，附件一共有 {found}，超过 10M。"
    "请压缩后再添加，或者分几封信发送。",
    AttachmentReason.BROKEN: "文件已损坏，打不开。可能是保存或拷贝时中断了，" + _AGAIN,
    AttachmentReason.PASSWORD: "文件设置了打开密码，收信人打不开。请去掉密码后再添加。",
    AttachmentReason.ACTIVE: "PDF 里带有程序、动作、夹带的文件或可填写的电子表单（XFA）。"
    "请打印成新的 PDF 后再添加。",
    AttachmentReason.MACROS: "表格里带有宏。请另存为不带宏的 .xlsx 后再添加。",
    AttachmentReason.INSIDE: "表格里嵌有别的文件、控件，或者展开后太大。"
    "请只保留表格内容，另存为 .xlsx 后再添加。",
    AttachmentReason.BAD_PICTURE: "{found}",
    AttachmentReason.TIMEOUT: "检查这个文件用时太久，没有添加。" + _AGAIN,
    AttachmentReason.CRASHED: "检查这个文件时出了问题，没有添加。" + _AGAIN,
}

MAX_FOUND = 100


class AttachmentRefused(PortalError):
    """The file is not taken; what is attached already stays."""

    status: ClassVar[int] = 422

    def __init__(self, reason: AttachmentReason, found: str = "") -> None:
        super().__init__(_SENTENCES[reason].format(found=found[:MAX_FOUND] or "别的格式"))
        self.reason = reason
        self.found = found[:MAX_FOUND]


def too_large(size: int) -> AttachmentRefused:
    """A letter's files are ``size`` bytes together, which is too much."""
    return AttachmentRefused(AttachmentReason.TOO_LARGE, format_size(size))


def file_name(chosen: str, kind: AttachmentKind) -> str:
    """The name that a person gave a file, as it is shown and downloaded.

    Without folders and what can't be seen; its end says what the content is, whatever it said.
    """
    name = PurePosixPath(unicodedata.normalize("NFC", chosen).replace("\\", "/")).name
    name = "".join(one for one in name if unicodedata.category(one)[0] != "C").strip(" .")
    stem, dot, suffix = name.rpartition(".")
    known = {"pdf", "xlsx", "jpg", "jpeg", "png"}
    if dot and suffix.lower() in known:
        name = stem.strip(" .")
    return f"{name[: NAME_LENGTH - 6] or '附件'}.{kind}"
