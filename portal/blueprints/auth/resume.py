"""Nothing typed is lost: a form sent after the session ended is offered again after sign-in.

Its fields travel as hidden inputs through the sign-in page and come back on a page that shows
them and asks once more; so they lie nowhere on the server, and it works without JavaScript.
"""

from __future__ import annotations

from flask import make_response, render_template, request
from werkzeug.wrappers import Response

PREFIX = "pending-"
NEVER_CARRIED = {"csrf_token", "password", "again", "old_password", "code", "next", "login"}
LABELS = {
    "ethnicity": "民族",
    "political_status": "政治面貌",
    "education": "最高学历",
    "email": "电子邮箱",
    "fee": "团费缴纳额度",
    "joined": "入团年月",
    "approved_on": "上级团委审批日期",
    "number": "团员编号",
    "reason": "退回原因",
    "words": "说明",
    "is_student": "是否高校学生",
    "former_place": "转出地",
    "former_organisation": "转出组织全称",
    "proof_number": "凭证编号",
    "proof_on": "凭证日期",
    "receiver": "组织全称",
    "contact": "对方联系人",
    "receipt": "凭证编号",
    "given_on": "凭证日期",
    "phone": "电话",
    "new_login": "账号",
    "person_name": "姓名",
    "usual_reason": "原因",
    "wanted_number": "正确的编号",
    "answer": "处理意见",
    "note": "说明",
    "name": "名称",
    "subject": "标题",
    "body": "内容",
}


def pending_fields() -> list[tuple[str, str]]:
    """The fields of this POST, to be carried over; none if it came from another site or a file."""
    if request.method != "POST" or request.mimetype != "application/x-www-form-urlencoded":
        return []
    origin = request.headers.get("Origin") or request.headers.get("Referer", "")
    if not (origin + "/").startswith(request.host_url):
        return []  # a hostile page must not get its own text into our question
    return [
        (name, value) for name, value in request.form.items(multi=True) if name not in NEVER_CARRIED
    ]


def carried_fields() -> list[tuple[str, str]]:
    """The fields that the sign-in page carried."""
    return [
        (name.removeprefix(PREFIX), value)
        for name, value in request.form.items(multi=True)
        if name.startswith(PREFIX)
    ]


def resume_page(action: str, carried: list[tuple[str, str]], *, status: int = 200) -> Response:
    """Show what was typed and offer to save it to ``action``."""
    return make_response(
        render_template(
            "auth/resume.html",
            action=action,
            back=action,
            carried=carried,
            fields=[(LABELS[name], value) for name, value in carried if name in LABELS],
        ),
        status,
    )
