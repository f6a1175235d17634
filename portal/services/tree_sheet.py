"""Reading the sheet of organisations (XLSX) with limits, and the empty one to fill in.

An .xlsx is a ZIP of XML: before openpyxl sees it, every part is unpacked once with a limit and
looked through for what a list of organisations never needs. The file comes from the municipal
account alone, once; so it is read in this process and not in the sandbox. openpyxl is imported
where it is used, for no other start to wait for it.
"""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from portal.errors import PortalError
from portal.rules.organisations import OrganisationKind
from portal.rules.tree_rows import COLUMNS, SheetRow

MAX_SHEET_BYTES = 5 * 1024 * 1024
MAX_UNPACKED = 64 * 1024 * 1024
MAX_PARTS = 200
MAX_ROWS = 70_000
_WIDTH = len(COLUMNS) + 4  # as far to the right as stray cells are looked for
_CHUNK = 1024 * 1024
_OVERLAP = 32
_MERGED = re.compile(rb"<(?:\w+:)?mergeCell[ />]")
_DECLARED = re.compile(rb"<!(?:DOCTYPE|ENTITY)")
TEMPLATE_ROWS = 5000


class SheetRefused(PortalError):
    """The file as a whole can't be taken; ``message`` says why and what to do."""

    status = 422


def template() -> bytes:
    """An empty sheet with the columns, and the kinds as a choice."""
    from openpyxl import Workbook
    from openpyxl.worksheet.datavalidation import DataValidation

    book = Workbook()
    sheet: Any = book.active
    sheet.title = "组织"
    sheet.append(list(COLUMNS))
    labels = [kind.label for kind in OrganisationKind if kind is not OrganisationKind.MUNICIPAL]
    kinds = DataValidation(type="list", formula1=f'"{",".join(labels)}"', allow_blank=False)
    sheet.add_data_validation(kinds)
    kinds.add(f"C2:C{TEMPLATE_ROWS}")
    for column, width in zip("ABCD", (10, 10, 14, 50), strict=True):
        sheet.column_dimensions[column].width = width
    sheet.freeze_panes = "A2"
    content = io.BytesIO()
    book.save(content)
    return content.getvalue()


def read_sheet(path: Path) -> list[SheetRow]:
    """The rows of the file's one sheet, as texts. Raises ``SheetRefused``."""
    from openpyxl import load_workbook

    _check_parts(path)
    with path.open("rb") as file:
        try:
            book = load_workbook(file, read_only=True, keep_links=False)
            return list(_rows(_only_sheet(book)))
        except SheetRefused:
            raise
        except Exception as error:  # openpyxl raises whatever its parts do: KeyError, ValueError, …
            raise _broken() from error


def _check_parts(path: Path) -> None:
    """Unpack every part once, within limits, and look for what is refused."""
    try:
        with zipfile.ZipFile(path) as archive:
            parts = archive.infolist()
            if len(parts) > MAX_PARTS:
                raise SheetRefused("文件里的部件太多，不像一张组织表。请用下载的模板重新填写。")
            left = MAX_UNPACKED
            for part in parts:
                if part.filename.lower().endswith(("vbaproject.bin", ".xlsm")):
                    raise SheetRefused("文件里带有宏。请另存为不带宏的 .xlsx 后再上传。")
                left -= _check_part(archive, part, left)
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError) as error:
        raise _broken() from error


def _check_part(archive: zipfile.ZipFile, part: zipfile.ZipInfo, left: int) -> int:
    """The true size of a part: what its header says of it is not believed."""
    size, tail = 0, b""
    with archive.open(part) as file:
        while chunk := file.read(_CHUNK):
            size += len(chunk)
            if size > left:
                raise SheetRefused(
                    f"文件展开后超过 {MAX_UNPACKED // 1024 // 1024}M。"
                    "请只保留四列文字，去掉图片、格式和空行后再上传。"
                )
            text = tail + chunk
            if not part.filename.lower().endswith((".xml", ".rels")):
                continue
            if _DECLARED.search(text) or b"\x00" in text:  # a byte 0: UTF-16, which would hide one
                raise _broken()
            if "worksheets/" in part.filename and _MERGED.search(text):
                raise SheetRefused("表里有合并的单元格。请取消合并，每一行都填完整后再上传。")
            tail = text[-_OVERLAP:]
    return size


def _only_sheet(book: Any) -> Any:
    hidden = [sheet.title for sheet in book.worksheets if sheet.sheet_state != "visible"]
    if hidden:
        raise SheetRefused(f"文件里有隐藏的工作表“{hidden[0][:20]}”。请显示后核对并删除。")
    if len(book.worksheets) != 1 or book.chartsheets:
        raise SheetRefused(
            f"文件里有 {len(book.worksheets) + len(book.chartsheets)} 张工作表。"
            "请只保留要导入的一张。"
        )
    return book.worksheets[0]


def _rows(sheet: Any) -> Iterator[SheetRow]:
    sheet.reset_dimensions()  # what the file says of its own size is not believed
    _check_head(next(sheet.iter_rows(min_row=1, max_row=1), ()))
    found = 0
    for line, cells in enumerate(sheet.iter_rows(min_row=2, max_col=_WIDTH), start=2):
        values = [_text(cell, line) for cell in cells]
        if not any(values):
            continue
        if any(values[len(COLUMNS) :]):
            raise SheetRefused(f"第 {line} 行在四列之外还有内容。请清除后再上传。")
        found += 1
        if found > MAX_ROWS:
            raise SheetRefused(f"超过 {MAX_ROWS:,} 行。请核对是否选错了文件。")
        values += [""] * (len(COLUMNS) - len(values))
        yield SheetRow(line, *values[: len(COLUMNS)])


def _check_head(cells: Any) -> None:
    head = [_text(cell, 1) for cell in cells]
    while head and not head[-1]:
        head.pop()
    if tuple(head) == COLUMNS:
        return
    others = [name for name in head if name and name not in COLUMNS]
    shown = f"，不能有“{others[0][:20]}”" if others else ""
    raise SheetRefused(
        f"第 1 行须是 {'、'.join(COLUMNS)} 四列{shown}。请用下载的模板填写。"
        "这里只导入组织；团员由本人注册、支部审核，不能批量录入。"
    )


def _text(cell: Any, line: int) -> str:
    """A cell as text; a number without the ``.0`` that Excel may have put there."""
    value = cell.value
    if value is None:
        return ""
    if cell.data_type == "f" or str(value).startswith("="):
        raise SheetRefused(f"第 {line} 行有公式。请复制后用“选择性粘贴 · 数值”换成文字再上传。")
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return str(value).strip()


def _broken() -> SheetRefused:
    return SheetRefused("文件打不开，可能不是 .xlsx 或已损坏。请用下载的模板填写，另存为 .xlsx。")
