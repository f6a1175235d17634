"""9. 一页简报: a committee's month on one page, to be read in a meeting."""

from __future__ import annotations

import math
from dataclasses import asdict
from datetime import date

from portal.reports.content import CellKind, Column, Content, Fact, Row, Section
from portal.reports.report import Option, Report, Subject
from portal.rules.progress import format_rate
from portal.rules.trend_chart import chart_of
from portal.services.brief_figures import (
    Month,
    Standing,
    WorstBranch,
    standing,
    this_month,
    worst_branches,
)
from portal.services.progress_days import trend

LAST_MONTH = "last_month"
WORST = 10
LINE = 27
"""Characters of a branch's name on one line."""
LONG, LONGEST = 12, 20
"""Lines of all names above which they are set smaller, so that it all stays on one page."""
NAMED = 28
"""Characters up to which the sentence names the worst branch."""

COLUMNS = (
    Column("place", "序号", CellKind.COUNT, 6),
    Column("name", "团支部", width=62),
    Column("new", "新发展", CellKind.COUNT, 9),
    Column("not_uploaded", "未上传", CellKind.COUNT, 9),
    Column("overdue", "已逾期", CellKind.COUNT, 9),
    Column("irregular", "编号不规范", CellKind.COUNT, 12),
    Column("rate", "上传率", CellKind.RATE, 10),
)
_COUNTED = (
    ("新发展团员", "new"),
    ("已上传", "uploaded"),
    ("已逾期", "overdue"),
    ("编号不规范", "irregular"),
    ("7 日内到期", "due_soon"),
)


def build(subject: Subject, _most: int | None) -> Content:
    """The ten worst branches as rows; figures, trend and sentence are facts too."""
    organisation = subject.organisation
    month = this_month().before if LAST_MONTH in subject.asked.options else this_month()
    now, before = standing(organisation, month), standing(organisation, month.before)
    if now is None:
        empty = "这个月还没有留存每日数据，不能生成上一个整月的简报。请取消“上一个整月”后再生成。"
        return Content(COLUMNS, (Section(()),), empty=empty, extra={"month": _words(month)})
    worst = worst_branches(organisation, month, WORST)
    weeks = [
        (week.day, week.counts.rate) for week in trend(organisation.id) if week.day <= month.until
    ]
    chart = chart_of(weeks, _day)
    figures = _figures(now, before)
    sentence = _sentence(now, before, worst)
    lines = sum(math.ceil(len(_short(one.place)) / LINE) for one in worst)
    return Content(
        columns=COLUMNS,
        sections=(Section(tuple(_row(place, one) for place, one in enumerate(worst, 1))),),
        facts=(
            Fact("月份", _words(month)),
            Fact("小结", sentence),
            *(Fact(label, f"{value}（{compared}）") for label, value, compared in figures),
            *((Fact("走势", chart.summary),) if chart else ()),
        ),
        empty="没有已逾期、未上传或编号不规范的团支部。",
        extra={
            "month": _words(month),
            "sentence": sentence,
            "figures": figures,
            "chart": asdict(chart) if chart else None,
            "size": "longest" if lines > LONGEST else "long" if lines > LONG else "",
        },
    )


def _figures(now: Standing, before: Standing | None) -> list[list[str]]:
    """Label, value, and how that is against the month before."""
    then = before.counts if before else None
    found = [
        [label, str(getattr(now.counts, name)), _change(now.counts, then, name)]
        for label, name in _COUNTED
    ]
    found.insert(2, ["上传率", format_rate(now.counts.rate), _points_words(now, before)])
    for label, name in (("本月检查", "checks"), ("本月解除占用", "releases")):
        value = getattr(now, name)
        compared = f"上月 {getattr(before, name)}" if before else "上月没有记录"
        found.append([label, str(value), compared])
    return found


def _change(now: object, then: object | None, name: str) -> str:
    if then is None:
        return "上月没有记录"
    change = getattr(now, name) - getattr(then, name)
    return f"比上月末 {change:+d}".replace("-", "−") if change else "与上月末持平"


def _points(now: Standing, before: Standing | None) -> float | None:
    """Percentage points between the two rates as they are shown, which are cut off."""
    if before is None or now.counts.rate is None or before.counts.rate is None:
        return None
    return (math.floor(now.counts.rate * 1000) - math.floor(before.counts.rate * 1000)) / 10


def _points_words(now: Standing, before: Standing | None) -> str:
    points = _points(now, before)
    if points is None:
        return "上月没有记录" if before is None else "不能比较"
    return f"比上月末 {points:+.1f} 个百分点".replace("-", "−") if points else "与上月末持平"


def _sentence(now: Standing, before: Standing | None, worst: list[WorstBranch]) -> str:
    """One sentence of the figures, by rules."""
    counts = now.counts
    if not counts.new:
        begin = "还没有新发展团员"
    else:
        begin = (
            f"新发展团员 {counts.new} 人，已上传《入团志愿书》{counts.uploaded} 人，"
            f"上传率 {format_rate(counts.rate)}"
        )
        points = _points(now, before)
        if points:
            begin += f"，比上月末{'提高' if points > 0 else '下降'} {abs(points):.1f} 个百分点"
        elif points == 0:
            begin += "，与上月末持平"
    parts = [begin]
    if counts.overdue:
        most = worst[0].place.split(" › ")[-1] if worst else ""
        where = (
            f"，最多的是{most}（{worst[0].counts.overdue} 人）" if 0 < len(most) <= NAMED else ""
        )
        parts.append(f"已逾期未上传 {counts.overdue} 人{where}")
    elif counts.new:
        parts.append(
            f"未上传 {counts.not_uploaded} 人，没有逾期" if counts.not_uploaded else "全部上传"
        )
    parts.append(f"编号不规范 {counts.irregular} 人" if counts.irregular else "编号全部规范")
    return "；".join(parts) + "。"


def _row(place: int, worst: WorstBranch) -> Row:
    counts = worst.counts
    return (
        place,
        _short(worst.place),
        counts.new,
        counts.not_uploaded,
        counts.overdue,
        counts.irregular,
        counts.rate,
    )


def _short(place: str) -> str:
    """A branch with what is right above it: two schools have branches of one name."""
    return " › ".join(place.split(" › ")[-2:])


def _day(day: date) -> str:
    return f"{day.month}-{day.day:02}"


def _words(month: Month) -> str:
    words = f"{month.first.year}年{month.first.month}月"
    return words if month.is_over else f"{words}（截至 {month.until.day} 日）"


REPORT = Report(
    slug="brief",
    title="新发展团员电子数据库建设情况简报",
    about="一页纸：本月主要数字和变化、上传率走势、最需要督促的十个团支部，供会议使用。",
    build=build,
    for_branches=False,
    by_month=False,
    options=(Option(LAST_MONTH, "上一个整月（不勾选为本月至今）"),),
    template="reports/brief.html",
    preview="reports/_brief.html",
    notes=("检查、解除占用是当月累计，与上月全月比较；其余是期末数字，与上月末比较。",),
)
