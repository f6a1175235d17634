"""团员身份认证: whether a member's identity stands (SPEC, "Identity"), and why it does not."""

from __future__ import annotations

from dataclasses import dataclass

from portal.rules.irregular import Irregularity
from portal.rules.leaving import LeavingReason


@dataclass(frozen=True, slots=True)
class Doubt:
    """A reason against it, and what the member can do about it."""

    words: str
    remedy: str


@dataclass(frozen=True, slots=True)
class Identity:
    """What is to be said of a member's identity as of now."""

    doubts: tuple[Doubt, ...] = ()

    @property
    def is_certified(self) -> bool:
        """Whether nothing stands against it."""
        return not self.doubts

    @property
    def state(self) -> str:
        """已认证 or 未认证."""
        return "已认证" if self.is_certified else "未认证"

    @property
    def words(self) -> str:
        """The state, with the reasons where there are any."""
        if self.is_certified:
            return self.state
        return f"{self.state}（{'；'.join(doubt.words for doubt in self.doubts)}）"


def identity_of(
    *,
    irregularity: Irregularity | None,
    is_new_member: bool,
    has_scan: bool,
    left: LeavingReason | None,
) -> Identity:
    """Certified: still in the branch, the number regular, and a new member's form is there."""
    doubts = []
    if left is LeavingReason.MOVED_OUTSIDE:
        remedy = "团员身份请由现在所在的团组织证明。转回北京时，请联系原来的团支部办理转回登记。"
        doubts.append(Doubt("团组织关系已转至外部系统", remedy))
    elif left is not None:
        doubts.append(Doubt(f"已移出：{left.label}", "有疑问请联系原来的团支部。"))
    if irregularity is not None:
        words = f"编号不规范：{irregularity.label}"
        doubts.append(Doubt(words, "请联系本支部，对照纸质《入团志愿书》首页更正编号。"))
    if is_new_member and not has_scan:
        doubts.append(Doubt("未上传入团志愿书", "请联系本支部上传《入团志愿书》。"))
    return Identity(tuple(doubts))
