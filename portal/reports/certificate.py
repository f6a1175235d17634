"""8. 团员电子档案证明: one member's record on one page, with what the portal says of it."""

from __future__ import annotations

from portal import clock
from portal.models import Member
from portal.reports.content import Column, Content, Fact, Row, Section
from portal.reports.report import Report, Subject
from portal.rules import masking
from portal.rules.deadlines import format_month
from portal.rules.member_number import group_number
from portal.services.identity import identity_for
from portal.services.members import PersonalField, former_words, plain_field
from portal.services.organisations import ancestors_of, path_text
from portal.services.scans import current_scan

COLUMNS = (Column("item", "项目", width=22), Column("said", "内容", width=60))


def build(subject: Subject, _most: int | None) -> Content:
    """A row an item; the ID number is masked whoever asks."""
    member = subject.member
    assert member is not None
    identity = identity_for(member)
    branch = path_text(ancestors_of(subject.organisation.path))
    number = group_number(member.number) if member.number else "无"
    approved = member.approved_on.isoformat() if member.approved_on else "未填写"
    came = (("从外部转入", former_words(member)),) if member.former_place else ()
    rows: tuple[Row, ...] = (
        ("姓名", member.name),
        ("性别", member.sex.label),
        ("身份证号", masking.mask_id_number(plain_field(member, PersonalField.ID_NUMBER))),
        ("所在团支部", branch),
        ("团员编号", number),
        ("入团年月", format_month(member.joined)),
        *(came or (("上级团委审批同意日期", approved),)),
        ("电子版《入团志愿书》", _form(member)),
        ("团员身份认证", identity.words),
    )
    return Content(
        columns=COLUMNS,
        sections=(Section(rows),),
        extra={"certified": identity.is_certified},
        public=(
            Fact("姓名", masking.mask_name(member.name)),
            Fact("所在团支部", branch),
            Fact("团员编号", masking.mask_number(member.number) if member.number else "无"),
            Fact("团员身份认证", identity.words),
        ),
    )


def _form(member: Member) -> str:
    scan = current_scan(member.id)
    if scan is not None:
        return f"已上传，共 {scan.pages} 页，上传日期 {clock.day_of(scan.uploaded_at)}"
    if member.is_new_member:
        return "未上传"
    return "不需要（从外部转入）" if member.former_place else "不需要（不是新发展团员）"


REPORT = Report(
    slug="certificate",
    title="团员电子档案证明",
    about="一名团员一页：所在支部、团员编号、入团志愿书和身份认证情况，供盖章使用。",
    build=build,
    about_member=True,
    by_month=False,
    template="reports/certificate.html",
    preview="reports/_certificate.html",
    notes=(
        "已认证：团员编号规范；新发展团员的《入团志愿书》已上传。",
        "身份证号只显示首末几位；完整号码见纸质档案。",
    ),
)
