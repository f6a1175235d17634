"""Errors as pages, and for htmx as a message beside the thing. All in Chinese, with a next step."""

from __future__ import annotations

import logging
from typing import Any

from flask import Flask, current_app, g, make_response, redirect, render_template, request, url_for
from flask_login import current_user
from flask_wtf.csrf import CSRFError
from sqlalchemy.exc import DataError, OperationalError, SQLAlchemyError
from werkzeug.exceptions import HTTPException, InternalServerError, TooManyRequests
from werkzeug.wrappers import Response

from portal.blueprints.auth.resume import pending_fields, resume_page
from portal.blueprints.gate import SignInNeeded
from portal.errors import NotFound, PortalError, StoreUnavailable
from portal.extensions import db
from portal.web import is_partial, parts_of

log = logging.getLogger("portal.errors")

TITLES = {
    400: "这个请求不完整",
    401: "请重新登录",
    403: "没有权限",
    404: "没有找到",
    405: "不能这样打开",
    409: "没有保存",
    410: "文件已更换或删除",
    413: "内容太大",
    422: "没有保存",
    429: "请稍等",
    500: "出了故障",
    503: "暂时不能用",
}

MESSAGES = {
    400: "浏览器送来的内容不完整。请返回上一页，刷新后再试。",
    404: NotFound().message,
    405: "这个地址不能直接打开。请从菜单重新进入。",
    413: "送来的内容太大，服务器没有接收，没有任何改动。《入团志愿书》不超过 15M，请压缩后再上传。",
    500: "这一步没有做成，没有任何改动。请稍后再试；仍不行请把下面的编号告诉系统管理员。",
    503: "数据库正忙，没有任何改动。请过一会儿再试。",
}


def init_app(app: Flask) -> None:
    """Attach the handlers."""
    app.register_error_handler(SignInNeeded, _sign_in_needed)
    app.register_error_handler(CSRFError, _token_expired)
    app.register_error_handler(PortalError, _portal_error)
    app.register_error_handler(TooManyRequests, _too_many)
    app.register_error_handler(OperationalError, _database_busy)
    app.register_error_handler(OverflowError, _no_such_number)
    app.register_error_handler(DataError, _no_such_value)
    app.register_error_handler(InternalServerError, _fault)
    app.register_error_handler(HTTPException, _http_error)


def answer(status: int, message: str, *, action: tuple[str, str] | None = None) -> Response:
    """An error as a page, or as a message for htmx."""
    told = {
        "status": status,
        "title": TITLES.get(status, TITLES[400]),
        "message": message,
        "request_id": g.get("request_id") if status >= 500 else None,
        "action": action,
    }
    try:
        template = "errors/_message.html" if is_partial() else "errors/error.html"
        shown = render_template(template, **told)
    except SQLAlchemyError:  # the page's menu asks the database, which may be what failed
        shown = _without_database(told)
    response = make_response(shown, status)
    if is_partial():
        response.headers["HX-Retarget"] = "#messages"
        response.headers["HX-Reswap"] = "innerHTML"
    return response


def _without_database(told: dict[str, Any]) -> str:
    """The same by itself: what is put into every other template asks who is signed in."""
    name = "errors/_message.html" if is_partial() else "errors/plain.html"
    return current_app.jinja_env.get_template(name).render(told)


def _sign_in_needed(error: SignInNeeded) -> Response:
    back = _page_address()
    sign_in = url_for("auth.sign_in", next=back)
    if is_partial():
        return answer(error.status, error.message, action=("重新登录", sign_in))
    if request.method == "GET":
        return redirect(sign_in)
    from portal.blueprints.auth.views import sign_in_page

    return sign_in_page(next_url=back, notice=error.message, pending=pending_fields(), status=401)


def _token_expired(error: CSRFError) -> Response:
    """The form's token is of another session: signed out since, or signed in again elsewhere."""
    if request.endpoint == "joining.register":
        from portal.blueprints.joining.registering import expired_page

        return expired_page()
    if not current_user.is_authenticated and not _is_public():
        return _sign_in_needed(SignInNeeded())
    log.info("form token refused", extra={"reason": error.description})
    if not is_partial() and current_user.is_authenticated and (pending := pending_fields()):
        return resume_page(request.path, pending, status=400)
    message = "这个页面打开太久，已经过期，没有任何改动。请刷新页面后再试一次。"
    return answer(400, message, action=("刷新页面", _page_address()))


def _is_public() -> bool:
    view = current_app.view_functions.get(request.endpoint or "")
    return getattr(view, "portal_action", None) == "public"


def _portal_error(error: PortalError) -> Response:
    if isinstance(error, StoreUnavailable):
        log.error("store unavailable", extra={"reason": error.reason})
    return answer(error.status, error.message)


def _too_many(error: TooManyRequests) -> Response:
    if error.response is not None:  # the view has its own answer
        return error.get_response()  # type: ignore[return-value]
    wait = "1 分钟"
    if error.retry_after is not None:
        wait = f"{error.retry_after} 秒"
    if "password" in request.form:
        return answer(429, f"试得太快了。请等 {wait}后再试；忘记密码请联系上级团组织。")
    return answer(429, f"操作太快、次数太多，这一次没有办理，没有任何改动。请等 {wait}后再试。")


def _database_busy(error: OperationalError) -> Response:
    log.error("database unavailable", exc_info=error)
    db.session.rollback()
    return answer(503, MESSAGES[503])


def _no_such_number(error: OverflowError) -> Response:
    """An address or a field named an id of more than 64 bits, which nothing can have."""
    if "SQLite INTEGER" not in str(error):
        raise error
    return answer(404, MESSAGES[404])


def _no_such_value(error: DataError) -> Response:
    """PostgreSQL's words for the same, and for a NUL in what is searched for."""
    words = str(error.orig)
    if "out of range" not in words and "NUL" not in words:
        raise error
    db.session.rollback()
    return answer(404, MESSAGES[404])


def _fault(_error: InternalServerError) -> Response:
    """Flask has logged the exception, with the request's id.

    Rolled back, because the page asks the database too, and PostgreSQL answers nothing more in a
    transaction in which a statement failed.
    """
    db.session.rollback()
    return answer(500, MESSAGES[500])


def _http_error(error: HTTPException) -> Response:
    code = error.code or 500
    if code < 400:  # a redirect that routing raised
        return error.get_response()  # type: ignore[return-value]
    return answer(code, MESSAGES.get(code, MESSAGES[400]))


def _page_address() -> str:
    """The address of the page the person is on; for htmx the browser's, path and query only."""
    current = request.headers.get("HX-Current-URL")
    if current:
        parts = parts_of(current)
        return f"{parts.path}?{parts.query}" if parts.query else parts.path or request.path
    if request.method == "GET":
        return request.full_path.rstrip("?")
    return request.path
