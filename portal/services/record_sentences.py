"""操作日志 in words: for every kind of event one sentence about what was done to whom."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date
from enum import StrEnum
from typing import Any

from portal.models import ScanOrigin
from portal.rules.deadlines import format_month
from portal.rules.leaving import LeavingReason
from portal.rules.member_number import group_number
from portal.rules.organisations import OrganisationKind
from portal.rules.scan_checks import verdict_of
from portal.rules.scan_findings import Finding, FindingKind
from portal.rules.scan_refusals import format_size
from portal.services.audit import Event
from portal.services.record_told import Told, hide_personal
from portal.services.transfer_sentences import TRANSFER_SENTENCES

_Words = Callable[[Told], str]


class RecordKind(StrEnum):
    """What the record can be searched for."""

    VIEWS = "views"
    SCANS = "scans"
    MEMBERS = "members"
    NUMBERS = "numbers"
    JOININGS = "joinings"
    TRANSFERS = "transfers"
    ORGANISATIONS = "organisations"
    ACCOUNTS = "accounts"
    PASSWORDS = "passwords"
    SIGN_INS = "sign-ins"
    LETTERS = "letters"
    REPORTS = "reports"
    PORTAL = "portal"

    @property
    def label(self) -> str:
        """The words in the choice."""
        return _LABELS[self]

    @property
    def events(self) -> tuple[Event, ...]:
        """The events of this kind."""
        return tuple(event for event, (kind, _) in SENTENCES.items() if kind is self)


_LABELS = {
    RecordKind.VIEWS: "查看",
    RecordKind.SCANS: "入团志愿书",
    RecordKind.MEMBERS: "团员信息",
    RecordKind.NUMBERS: "团员编号",
    RecordKind.JOININGS: "注册和加入申请",
    RecordKind.TRANSFERS: "团组织关系转接",
    RecordKind.ORGANISATIONS: "组织",
    RecordKind.ACCOUNTS: "账号",
    RecordKind.PASSWORDS: "密码和一次性码",
    RecordKind.SIGN_INS: "登录和退出",
    RecordKind.LETTERS: "站内信",
    RecordKind.REPORTS: "统计报表",
    RecordKind.PORTAL: "系统维护",
}


def sentence(event: str, told: Told) -> str:
    """What was done, as a sentence whose subject is the person of the line."""
    known = SENTENCES.get(event)  # type: ignore[call-overload]
    # Of a newer portal, or an older one; shown as it stands, so that nothing is hidden.
    words = known[1](told) if known else f"{event}（本版本不认识的操作）"
    return words.replace("） ", "）")  # a full-width bracket brings its own space


_FIELDS = {
    "name": "姓名",
    "ethnicity": "民族",
    "political_status": "政治面貌",
    "education": "最高学历",
    "email": "电子邮箱",
    "phone": "电话",
    "fee_cents": "团费缴纳额度",
    "is_student": "是否高校学生",
    "joined": "入团年月",
    "number": "团员编号",
    "approved_on": "审批日期",
    "id_number": "身份证",
    "birth_date": "出生日期",
    "sex": "性别",
    "fee": "团费缴纳额度",
}

_UNRECORDED = ("email", "phone", "birth_date")
"""Of these the record says only that they changed."""


def _value(name: str, value: Any) -> str:
    """A field's value as a page shows it."""
    if value is None or value == "":
        return "空"
    if isinstance(value, bool):
        return "是" if value else "否"
    if name == "fee_cents" and isinstance(value, int):
        return f"{value / 100:.2f} 元"
    if name == "joined" and isinstance(value, str):
        try:
            return format_month(date.fromisoformat(value))
        except ValueError:
            return value
    return _number(value) if name == "number" else hide_personal(str(value))


def _field(told: Told) -> str:
    return _FIELDS.get(str(told.of("field")), "一项信息")


def _number(value: Any) -> str:
    return group_number(str(value)) if value else "空"


def _changed(told: Told) -> str:
    changes = told.of("changes")
    if not isinstance(changes, dict) or not changes:
        return f"修改了 {told.whom} 的信息"
    parts = []
    for name, pair in changes.items():
        label = _FIELDS.get(name, name)
        hidden = name in _UNRECORDED or not isinstance(pair, list) or len(pair) != 2
        parts.append(
            f"{label}（内容不记录）"
            if hidden
            else f"{label} {_value(name, pair[0])} → {_value(name, pair[1])}"
        )
    if isinstance(places := told.of("places"), list):
        parts.append(f"身份证号改动的是第 {'、'.join(map(str, places))} 位")
    return f"修改了 {told.whom} 的信息：{'；'.join(parts)}"


def _pair(told: Told, name: str) -> str:
    """Before → after."""
    value = told.of(name)
    if isinstance(value, list) and len(value) == 2:
        return f"{value[0]} → {value[1]}"
    return str(value or "不详")


def _ended(told: Told) -> str:
    count = told.count("sign_ins_ended")
    return f"，同时结束 {count} 处登录" if count else ""


def _sign_ins_ended(told: Told) -> str:
    if told.of("account_id") is not None:
        return f"结束了 {told.account} 的 {told.count('count')} 处登录"
    return f"结束了自己的 {told.count('count') or 1} 处登录"


def _refused(told: Told) -> str:
    return "登录没有成功：" + ("密码不对，或账号已停用" if told.of("known") else "没有这个账号")


def _code(told: Told) -> str:
    if told.member:
        whom = told.whom
    elif told.of("joining_id") is not None:
        whom = f"申请人 {told.applicant}"
    else:
        whom = told.account
    return f"给 {whom} 发了一次性码" + ("，并开通了账号" if told.of("account_made") else "")


def _code_refused(told: Told) -> str:
    if told.by_person:
        return "想给申请人发一次性码，没有找到姓名和身份证号都相符的人"
    return "用一次性码设置密码没有成功：账号或一次性码不对"


def _handed_over(told: Told) -> str:
    place = told.place or "一个组织"
    names, logins = _pair(told, "names"), _pair(told, "logins")
    return f"交接了 {place} 的账号：{names}，账号名 {logins}{_ended(told)}"


def _file(told: Told) -> str:
    """Pages and size of a file that came."""
    parts = []
    if told.count("pages"):
        parts.append(f"{told.count('pages')} 页")
    if told.count("size"):
        parts.append(format_size(told.count("size")))
    origin = told.of("origin")
    if origin in list(ScanOrigin) and origin != ScanOrigin.UPLOADED:
        parts.append(ScanOrigin(origin).label)
    return f"（{' · '.join(parts)}）" if parts else ""


def _finding(told: Told) -> str:
    kind = told.of("finding")
    label = Finding(FindingKind(kind), 0, 0).word if kind in list(FindingKind) else "检查"
    return f"{told.form}的提示“{label}”" + (
        f"（第 {told.of('page')} 页）" if told.of("page") else ""
    )


def _check(told: Told) -> str:
    kinds, pages = told.words("faults"), told.of("pages")
    try:
        verdict = verdict_of(kinds, pages if isinstance(pages, dict) else {}, told.words("remark"))
    except ValueError:  # a fault of a newer portal
        return kinds
    return verdict.words + (f"，说明：{verdict.remark}" if verdict.remark else "")


def _release(told: Told) -> str:
    return f"{told.whom} 的编号 {_number(told.of('number'))}"


def _because(told: Told, name: str = "reason", word: str = "原因") -> str:
    return f"，{word}：{told.words(name)}" if told.words(name) else ""


def _asked(told: Told) -> str:
    wanted = told.of("wanted_number")
    more = f"，正确的编号是 {_number(wanted)}" if wanted else ""
    return f"申请解除 {_release(told)} 的占用{more}{_because(told)}"


def _set_aside(told: Told) -> str:
    freed = f"，编号 {_number(told.of('number'))} 已空出" if told.of("number_freed") else ""
    return f"把 {told.whom} 移出，原因：{_leaving(told)}{_because(told, 'note', '说明')}{freed}"


def _leaving(told: Told) -> str:
    reason = told.of("reason")
    return LeavingReason(reason).label if reason in list(LeavingReason) else "不详"


def _brought_back(told: Told) -> str:
    taken = told.of("number_taken")
    more = f"；原来的编号 {_number(taken)} 已被别人占用" if taken else ""
    return f"恢复了移出的 {told.whom}（移出的原因：{_leaving(told)}）{more}"


def _added(told: Told) -> str:
    kind = told.of("kind")
    label = OrganisationKind(kind).label if kind in list(OrganisationKind) else "组织"
    return f"新增了{label}：{told.path}"


def _accounts_too(told: Told, word: str) -> str:
    count = told.count("accounts")
    return f"，{word} {count} 个账号" if count else ""


def _merged(told: Told) -> str:
    return (
        f"把 {told.path} 并入 {told.of('into_path') or '另一个组织'}："
        f"{told.count('members')} 名团员、{told.count('accounts')} 个账号"
    )


def _moved(told: Told) -> str:
    below = told.count("below")
    return f"移动了组织：{_pair(told, 'path')}" + (f"，连同下级 {below} 个" if below else "")


def _switched(told: Told) -> str:
    return f"{'关闭' if told.of('closed') else '开放'}了 {told.path} 的加入申请"


def _letter(told: Told) -> str:
    """To whom as it was then; a letter's text is not on record."""
    done = "回复了" if told.of("answers") else "写信给"
    files = f"，附件 {told.count('attachments')} 个" if told.count("attachments") else ""
    return f"{done} {told.words('to') or '不详'}：《{told.words('subject')}》{files}"


def _titled(told: Told) -> str:
    title, code = told.words("title") or "不详", told.words("code") or "不详"
    return f"{told.place} {title}（编码 {code}）".strip()


def _report(told: Told) -> str:
    full = f"，含完整身份证号，用途：{told.words('reason')}" if told.of("unmasked") else ""
    return f"生成了{_about(told)}报表《{_titled(told)}》{full}"


def _about(told: Told) -> str:
    """Of a report about one member: whom."""
    return f" {told.whom} 的" if told.member else ""


def _said(words: str) -> _Words:
    """Always the same words."""
    return lambda _: words


_K = RecordKind

SENTENCES: Mapping[Event, tuple[RecordKind, _Words]] = {
    Event.SIGNED_IN: (_K.SIGN_INS, _said("登录")),
    Event.SIGN_IN_REFUSED: (_K.SIGN_INS, _refused),
    Event.SIGNED_OUT: (_K.SIGN_INS, _said("退出登录")),
    Event.SIGN_INS_ENDED: (_K.SIGN_INS, _sign_ins_ended),
    Event.PASSWORD_CHANGED: (_K.PASSWORDS, lambda told: f"修改了自己的密码{_ended(told)}"),
    Event.PASSWORD_SET: (_K.PASSWORDS, lambda told: f"用一次性码设置了密码{_ended(told)}"),
    Event.CODE_ISSUED: (_K.PASSWORDS, _code),
    Event.CODE_REFUSED: (_K.PASSWORDS, _code_refused),
    Event.ACCOUNT_ADDED: (
        _K.ACCOUNTS,
        lambda told: (
            f"给 {told.place or '一个组织'} 新增了账号"
            f" {told.words('login')}（{told.words('person') or '姓名不详'}）"
        ),
    ),
    Event.ACCOUNT_NAMED: (
        _K.ACCOUNTS,
        lambda told: f"修改了 {told.account} 的姓名：{_pair(told, 'names')}",
    ),
    Event.ACCOUNT_DISABLED: (_K.ACCOUNTS, lambda told: f"停用了 {told.account}{_ended(told)}"),
    Event.ACCOUNT_ENABLED: (_K.ACCOUNTS, lambda told: f"恢复了 {told.account}"),
    Event.ACCOUNT_HANDED_OVER: (_K.ACCOUNTS, _handed_over),
    Event.CONTACT_CHANGED: (
        _K.MEMBERS,
        lambda told: (
            "修改了自己的"
            + ("、".join(_FIELDS.get(name, name) for name in told.of("fields") or ()) or "联系方式")
            + "（内容不记录）"
        ),
    ),
    Event.MAIL_CHANGED: (
        _K.ACCOUNTS,
        lambda told: (
            f"{'关闭' if told.of('off') else '打开'}了自己的邮件提醒"
            + ("，修改了收邮件的地址（内容不记录）" if told.of("address") else "")
        ),
    ),
    Event.MEMBER_CHANGED: (_K.MEMBERS, _changed),
    Event.OWN_DATA_TAKEN: (
        _K.VIEWS,
        lambda told: (
            f"下载了自己的全部数据（{str(told.of('format') or '').upper() or '格式不详'}）"
        ),
    ),
    Event.CORRECTION_ASKED: (
        _K.MEMBERS,
        lambda told: f"报告自己的{_field(told)}有误（内容不记录）",
    ),
    Event.CORRECTION_WITHDRAWN: (
        _K.MEMBERS,
        lambda told: f"撤回了自己对{_field(told)}的报错",
    ),
    Event.CORRECTION_TAKEN: (
        _K.MEMBERS,
        lambda told: (
            f"采纳了 {told.whom} 对{_field(told)}的报错"
            + ("，已核对本人有效身份证件" if told.of("document") else "")
        ),
    ),
    Event.CORRECTION_DECLINED: (
        _K.MEMBERS,
        lambda told: f"退回了 {told.whom} 对{_field(told)}的报错{_because(told)}",
    ),
    Event.NUMBER_RELEASE_ASKED: (_K.NUMBERS, _asked),
    Event.NUMBER_RELEASE_WITHDRAWN: (
        _K.NUMBERS,
        lambda told: f"撤回了解除 {_release(told)} 占用的申请",
    ),
    Event.NUMBER_RELEASE_DECLINED: (
        _K.NUMBERS,
        lambda told: f"退回了解除 {_release(told)} 占用的申请{_because(told)}",
    ),
    Event.NUMBER_RELEASED: (
        _K.NUMBERS,
        lambda told: f"解除了 {_release(told)} 的占用{_because(told)}",
    ),
    Event.FIELD_UNMASKED: (
        _K.VIEWS,
        lambda told: f"显示了 {told.whom} 的{_field(told)}",
    ),
    Event.SCAN_VIEWED: (_K.VIEWS, lambda told: f"查看了 {told.form}"),
    Event.IDENTITY_CODE_SHOWN: (
        _K.VIEWS,
        lambda _told: "打开了自己的身份码（同一次登录只记第一次）",
    ),
    Event.FORM_TAKEN: (
        _K.VIEWS,
        lambda told: f"打开或下载了附有 {told.form}的报表《{_titled(told)}》",
    ),
    Event.ORIGINAL_OPENED: (_K.VIEWS, lambda told: f"打开或下载了 {told.form}原文件"),
    Event.SCAN_UPLOADED: (_K.SCANS, lambda told: f"上传了 {told.form}{_file(told)}"),
    Event.SCAN_REPLACED: (_K.SCANS, lambda told: f"重新上传了 {told.form}{_file(told)}"),
    Event.SCAN_DELETED: (_K.SCANS, lambda told: f"删除了 {told.form}"),
    Event.SCAN_RESTORED: (_K.SCANS, lambda told: f"撤销删除，恢复了 {told.form}"),
    Event.ORIGINAL_RESTORED: (_K.SCANS, lambda told: f"把 {told.form}恢复成整理前的文件"),
    Event.SCAN_FILE_REMOVED: (
        _K.SCANS,
        lambda told: f"清除了 {told.form}已删除或被替换、过了撤销期限的文件",
    ),
    Event.FINDING_SET_ASIDE: (_K.SCANS, lambda told: f"核对后不再提示：{_finding(told)}"),
    Event.FINDING_TAKEN_BACK: (_K.SCANS, lambda told: f"恢复提示：{_finding(told)}"),
    Event.SCAN_CHECKED: (_K.SCANS, lambda told: f"检查了 {told.form}：{_check(told)}"),
    Event.SCAN_CHECK_UNDONE: (
        _K.SCANS,
        lambda told: f"撤销了对 {told.form}的检查结果：{_check(told)}",
    ),
    Event.CHECK_ROUND_MADE: (
        _K.SCANS,
        lambda told: f"在 {told.place or '下级组织'} 建立了 {told.count('forms')} 份的检查任务",
    ),
    Event.RECORD_EXPORTED: (
        _K.VIEWS,
        lambda told: (
            f"导出了 {told.count('rows')} 条操作日志（{told.words('asked') or '全部'}），"
            f"SHA-256 {told.of('sha256') or '不详'}"
        ),
    ),
    Event.REPORT_MADE: (_K.REPORTS, _report),
    Event.REPORT_OPENED: (
        _K.REPORTS,
        lambda told: (
            f"打开或下载了{_about(told)}报表《{_titled(told)}》的 "
            f"{str(told.of('format')).upper()} 文件"
        ),
    ),
    Event.LETTER_SENT: (_K.LETTERS, _letter),
    Event.DERIVED_REPAIRED: (
        _K.PORTAL,
        lambda told: f"校正了 {told.count('rows')} 行由规则算出的数据",
    ),
    Event.DERIVED_DROPPED: (
        _K.PORTAL,
        lambda told: (
            f"清除了 {told.count('looks')} 份检查结果和 {told.count('pictures')} 张页面图片，"
            "将重新生成"
        ),
    ),
    Event.INSTALLED: (_K.PORTAL, lambda told: f"初始化了系统：{told.words('name') or '名称不详'}"),
    Event.REGISTERED: (
        _K.JOININGS,
        lambda told: f"{told.applicant} 注册了账号，并同意个人信息处理告知",
    ),
    Event.JOINING_SENT: (
        _K.JOININGS,
        lambda told: (
            f"向 {told.place or '团支部'} 提交了 {told.applicant} 的加入申请，"
            f"编号 {_number(told.of('number'))}"
        ),
    ),
    Event.JOINING_TAKEN_BACK: (_K.JOININGS, lambda told: f"撤回了 {told.applicant} 的加入申请"),
    Event.JOINING_RETURNED: (
        _K.JOININGS,
        lambda told: f"退回了 {told.applicant} 的加入申请{_because(told)}",
    ),
    Event.JOINING_APPROVED: (_K.JOININGS, lambda told: f"通过了 {told.whom} 的加入申请"),
    Event.MEMBER_SET_ASIDE: (_K.MEMBERS, _set_aside),
    Event.MEMBER_BROUGHT_BACK: (_K.MEMBERS, _brought_back),
    **{event: (_K.TRANSFERS, words) for event, words in TRANSFER_SENTENCES.items()},
    Event.ORGANISATION_ADDED: (_K.ORGANISATIONS, _added),
    Event.ORGANISATION_RENAMED: (
        _K.ORGANISATIONS,
        lambda told: f"修改了组织名称：{_pair(told, 'name')}",
    ),
    Event.ORGANISATION_MOVED: (_K.ORGANISATIONS, _moved),
    Event.ORGANISATION_MERGED: (_K.ORGANISATIONS, _merged),
    Event.ORGANISATION_CLOSED: (
        _K.ORGANISATIONS,
        lambda told: f"撤销了组织 {told.path}{_accounts_too(told, '停用')}",
    ),
    Event.ORGANISATION_REOPENED: (
        _K.ORGANISATIONS,
        lambda told: f"恢复了组织 {told.path}{_accounts_too(told, '恢复')}",
    ),
    Event.JOINING_SWITCHED: (_K.ORGANISATIONS, _switched),
    Event.TREE_BROUGHT_IN: (
        _K.ORGANISATIONS,
        lambda told: f"导入了 {told.count('organisations')} 个组织",
    ),
}
