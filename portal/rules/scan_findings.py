"""What the portal sees in a scan (guide 5.1, 5.2): advice with a sentence each, never a refusal.

A look at a file gives findings, each with its page, a box and the measure that made it one, and
what could be read of the first page. Both depend on the file's bytes alone. Whether the number that
was read is the member's own is asked when a page is shown, since either may change.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from portal.rules.scan_refusals import MAX_PAGES

CHECKS_VERSION = 3
"""Counts up when the checks change, so that older looks can be made again."""

MOST_FINDINGS = 2_000
"""Of one look: every kind on each of 60 pages is half of it."""

WHOLE_FILE = 0
"""The page of a finding that is about the file as a whole."""


class FindingKind(StrEnum):
    """What may be wrong with a scan."""

    BLANK_PAGE = "blank_page"
    SIDEWAYS = "sideways"
    UPSIDE_DOWN = "upside_down"
    TILTED = "tilted"
    BLURRED = "blurred"
    TOO_DARK = "too_dark"
    TOO_PALE = "too_pale"
    WASHED_OUT = "washed_out"
    LOW_RESOLUTION = "low_resolution"
    CUT_OFF = "cut_off"
    SHADOW = "shadow"
    SAME_PAGE = "same_page"
    NO_SEAL = "no_seal"
    GREY_SCAN = "grey_scan"
    """A scan without colours: whether the seal is there can't be told from its red."""
    MISSING_PAGES = "missing_pages"
    OUT_OF_ORDER = "out_of_order"
    INVERTED = "inverted"
    TWO_PAGES = "two_pages"
    NUMBER_DIFFERENT = "number_different"
    NAME_DIFFERENT = "name_different"
    MONTH_DIFFERENT = "month_different"


@dataclass(frozen=True, slots=True)
class _Words:
    word: str
    sentence: str
    advice: str


_WORDS: Mapping[FindingKind, _Words] = {
    FindingKind.BLANK_PAGE: _Words(
        "空白页",
        "这一页几乎是空白的。",
        "纸质表这一页有内容时请重新扫描；多扫的空白页可以在“整理页面”里删除。",
    ),
    FindingKind.SIDEWAYS: _Words(
        "横置", "这一页是横着的。", "可以在“整理页面”里摆正，不用重新扫描。"
    ),
    FindingKind.UPSIDE_DOWN: _Words(
        "倒置", "这一页上下颠倒。", "可以在“整理页面”里摆正，不用重新扫描。"
    ),
    FindingKind.TILTED: _Words(
        "倾斜", "这一页歪了约 {measure:.0f}°。", "请把纸张靠齐扫描仪边缘后重新扫描。"
    ),
    FindingKind.BLURRED: _Words(
        "模糊", "这一页的字迹模糊。", "请擦净扫描仪玻璃、压平纸张后重扫；用手机拍照时请对焦后再拍。"
    ),
    FindingKind.TOO_DARK: _Words(
        "过暗", "这一页太暗。", "请调高扫描亮度，或在光线充足处重新拍照。"
    ),
    FindingKind.TOO_PALE: _Words(
        "字迹过淡", "这一页的字迹太淡。", "请调低扫描亮度、调高对比度后重新扫描。"
    ),
    FindingKind.WASHED_OUT: _Words(
        "发白", "这一页有大片发白，看不清字。", "请避开反光，关闭闪光灯，重新扫描或拍照。"
    ),
    FindingKind.LOW_RESOLUTION: _Words(
        "分辨率低",
        "这一页只有约 {measure:.0f} dpi。",
        "请把扫描分辨率设为 200 dpi 或以上后重新扫描。",
    ),
    FindingKind.CUT_OFF: _Words(
        "边缘缺失", "这一页的边缘可能被裁掉了。", "请核对四边内容是否完整；不完整请重新扫描整页。"
    ),
    FindingKind.SHADOW: _Words(
        "遮挡", "这一页有阴影或手指遮住了内容。", "请避开阴影，不要用手压住纸面，重新扫描或拍照。"
    ),
    FindingKind.SAME_PAGE: _Words(
        "重复页",
        "这一页与第 {measure:.0f} 页相同。",
        "请核对是否漏扫了另一页；只是多扫了一遍的，可以在“整理页面”里删除。",
    ),
    FindingKind.NO_SEAL: _Words(
        "未见印章",
        "整份材料里没有看到红色印章。",
        "请核对决议页和审批意见页是否已盖章；没有盖章请补盖后重新扫描。",
    ),
    FindingKind.GREY_SCAN: _Words(
        "黑白扫描",
        "整份材料是黑白的，看不出印章是不是红色。",
        "请核对决议页和审批意见页是否已盖章；建议改用彩色重新扫描。",
    ),
    FindingKind.MISSING_PAGES: _Words(
        "页数偏少",
        "只有 {measure:.0f} 页，比《入团志愿书》的页数少。",
        "请与纸质表逐页核对，有缺页请补扫后重新上传。",
    ),
    FindingKind.OUT_OF_ORDER: _Words(
        "页序不对", "页码是第 {measure:.0f} 页，顺序不对。", "可以在“整理页面”里按页码排序。"
    ),
    FindingKind.INVERTED: _Words(
        "反色", "这一页黑白颠倒了。", "请关闭扫描仪的“反色”或“负片”选项后重新扫描。"
    ),
    FindingKind.TWO_PAGES: _Words("两页合一", "这一张图里有左右两页。", "请逐页扫描，每页一张。"),
    FindingKind.NUMBER_DIFFERENT: _Words(
        "编号不一致",
        "首页上的编号与系统里的不一致。",
        "请核对纸质表首页：填错请修改编号，传错文件请重新上传。",
    ),
    FindingKind.NAME_DIFFERENT: _Words(
        "姓名不一致", "首页上的姓名与系统里的不一致。", "请核对是否传错了文件。"
    ),
    FindingKind.MONTH_DIFFERENT: _Words(
        "年月不一致", "首页上的入团年月与系统里的不一致。", "请核对纸质《入团志愿书》。"
    ),
}


MENDABLE = frozenset(
    {
        FindingKind.BLANK_PAGE,
        FindingKind.SIDEWAYS,
        FindingKind.UPSIDE_DOWN,
        FindingKind.SAME_PAGE,
        FindingKind.OUT_OF_ORDER,
    }
)
"""What can be mended without the paper: by turning, ordering and leaving out pages."""


@dataclass(frozen=True, slots=True)
class Box:
    """A place on a page as it is shown, in thousandths of its width and height."""

    left: int
    top: int
    right: int
    bottom: int


@dataclass(frozen=True, slots=True)
class Finding:
    """One thing seen. ``page`` counts from 1; 0 is the file as a whole.

    ``measure`` is what was measured, in the unit of its kind (docs/scan-quality.md): degrees, dpi,
    the number of the other page, a share.
    """

    kind: FindingKind
    page: int
    measure: float
    box: Box | None = None

    @property
    def word(self) -> str:
        """What it is, in a word or two."""
        return _WORDS[self.kind].word

    @property
    def sentence(self) -> str:
        """What was seen."""
        return _WORDS[self.kind].sentence.format(measure=self.measure)

    @property
    def is_mendable(self) -> bool:
        """Whether it can be mended by arranging the pages."""
        return self.kind in MENDABLE

    @property
    def advice(self) -> str:
        """What to do about it."""
        return _WORDS[self.kind].advice


class ReadingState(StrEnum):
    """What became of reading one text of the first page."""

    READ = "read"
    NOT_FOUND = "not_found"
    """Looked for and not there, or not legible: handwriting is honestly not read."""
    NOT_CHECKED = "not_checked"
    """Nobody looked: without the extra ``ocr``."""


@dataclass(frozen=True, slots=True)
class Reading:
    """A text of the first page. ``text`` is normalised: digits alone for a number, ``2020-09``."""

    state: ReadingState = ReadingState.NOT_CHECKED
    text: str = ""
    box: Box | None = None


@dataclass(frozen=True, slots=True)
class Look:
    """All that one look at a file gave. ``numbers`` are printed at the foot, by page, from 1."""

    pages: int
    findings: tuple[Finding, ...] = ()
    number: Reading = Reading()
    name: Reading = Reading()
    month: Reading = Reading()
    numbers: Mapping[int, int] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """As plain data, to come out of the sandbox."""
        return {
            "pages": self.pages,
            "findings": [
                [one.kind, one.page, one.measure, _plain_box(one.box)] for one in self.findings
            ],
            "readings": [
                [one.state, one.text, _plain_box(one.box)]
                for one in (self.number, self.name, self.month)
            ],
            "numbers": sorted(self.numbers.items()),
        }

    @classmethod
    def from_json(cls, plain: Mapping[str, Any]) -> Look:
        """From plain data of a process that is not trusted.

        Raises ``ValueError``, ``TypeError``, ``KeyError`` or ``OverflowError`` for anything else
        than a look.
        """
        pages = int(plain["pages"])
        if not 0 <= pages <= MAX_PAGES or len(plain["findings"]) > MOST_FINDINGS:
            raise ValueError("more than a file can have")
        findings = []
        for kind, page, measure, box in plain["findings"]:
            if not 0 <= int(page) <= pages or not abs(float(measure)) < 1e9:
                raise ValueError("a finding on a page that there is not")
            findings.append(Finding(FindingKind(kind), int(page), float(measure), _box(box)))
        readings = [
            Reading(ReadingState(state), str(text)[:60], _box(box))
            for state, text, box in plain["readings"]
        ]
        number, name, month = readings
        numbers = {int(page): int(printed) for page, printed in plain["numbers"]}
        if not all(1 <= page <= pages and 0 < numbers[page] < 1000 for page in numbers):
            raise ValueError("a number on a page that there is not")
        return cls(pages, tuple(findings), number, name, month, numbers)


def _plain_box(box: Box | None) -> list[int] | None:
    return None if box is None else [box.left, box.top, box.right, box.bottom]


def _box(plain: Any) -> Box | None:
    if plain is None:
        return None
    left, top, right, bottom = (min(1000, max(0, int(edge))) for edge in plain)
    return Box(left, top, right, bottom)
