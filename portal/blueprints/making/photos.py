"""拍照合成: pictures are added, ordered, joined, looked at, and taken as the member's form."""

from __future__ import annotations

from typing import cast

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request
from werkzeug.wrappers import Response as AnyResponse

from portal.access import Action
from portal.blueprints.gate import requires
from portal.blueprints.making.page import added_cards, photos_page
from portal.errors import PortalError
from portal.extensions import csrf
from portal.rules.making import MakingRefused
from portal.rules.page_shapes import PAGE
from portal.rules.scan_refusals import ScanRefused
from portal.services import photo_adding, photos
from portal.services.photo_adding import Gather, Received
from portal.services.photos import MadeBefore
from portal.web import LARGE_REQUEST, PortalRequest, current_actor, is_partial

blueprint = Blueprint("photos", __name__, url_prefix="/members/<int:member_id>/scan/photos")

NOTHING_CHOSEN = "还没有选择照片。请先选择或拍摄各页的照片，再点“添加”。"
ADDED_BEFORE = "这些照片已经添加过了，没有重复添加。"


@blueprint.get("")
@requires(Action.UPLOAD_SCAN)
def index(member_id: int) -> AnyResponse:
    """The pictures, as they were brought into order, or as the address says (``pages``, ``do``)."""
    asked = request.args
    shown = photos_page(
        current_actor(), member_id, pages=asked.get("pages"), do=asked.get("do", "")
    )
    return make_response(render_template("making/photos.html", shown=shown))


@blueprint.post("")
@requires(Action.UPLOAD_SCAN, checks_token=False)
def add(member_id: int) -> AnyResponse:
    """添加照片: one or several pictures of this member's form. The script sends one at a time."""
    sent = cast(PortalRequest, request)
    sent.max_content_length = LARGE_REQUEST

    def receive(gather: Gather) -> list[Received]:
        found = [Received(*one) for one in sent.receive_files(gather)]
        csrf.protect()  # the token is in the body, which is read now
        return found

    added = photo_adding.add(current_actor(), member_id, receive)
    if is_partial():
        cards = added_cards(current_actor(), member_id, added.numbers)
        return make_response(render_template("making/_added.html", cards=cards, added=added))
    _keep(member_id)
    if added.refused:
        shown = photos_page(current_actor(), member_id, added=added)
        return make_response(render_template("making/photos.html", shown=shown), 422)
    if not added.numbers:
        flash(ADDED_BEFORE if added.again else NOTHING_CHOSEN, "warning")
    return redirect(f"/members/{member_id}/scan/photos", 303)


@blueprint.post("/order")
@requires(Action.UPLOAD_SCAN)
def keep(member_id: int) -> AnyResponse:
    """The order as it is now: the script tells it, so that a page that is lost loses nothing."""
    photos.arrange(current_actor(), member_id, request.form.get("pages", ""))
    return Response(status=204)


@blueprint.post("/file")
@requires(Action.UPLOAD_SCAN)
def make(member_id: int) -> AnyResponse:
    """合成预览: one PDF of the pictures, to be looked at."""
    _keep(member_id)
    try:
        photos.make(current_actor(), member_id)
    except MakingRefused as error:
        return _again(member_id, error)
    return redirect(f"/members/{member_id}/scan/photos#made", 303)


@blueprint.post("/form")
@requires(Action.UPLOAD_SCAN)
def take(member_id: int) -> AnyResponse:
    """上传: what was made is the member's form now."""
    try:
        done = photos.take(current_actor(), member_id, request.form.get("name", ""))
    except (MadeBefore, ScanRefused) as error:
        return _again(member_id, error)
    flash(done.words("已用照片合成 1 份 PDF 并上传。"), "good")
    return redirect(f"/members/{member_id}/edit", 303)


@blueprint.post("/clear")
@requires(Action.UPLOAD_SCAN)
def clear(member_id: int) -> AnyResponse:
    """全部清空."""
    photos.clear(current_actor(), member_id)
    flash("照片已全部清空。", "good")
    return redirect(f"/members/{member_id}/scan/photos", 303)


@blueprint.get("/<int:page>.jpg")
@requires(Action.UPLOAD_SCAN)
def picture(member_id: int, page: int) -> AnyResponse:
    """A picture upright, by its number; small unless asked for with ``large``."""
    small = "large" not in request.args
    return as_jpeg(photos.picture(current_actor(), member_id, page, small=small))


@blueprint.get("/file/<name>/<int:page>.jpg")
@requires(Action.UPLOAD_SCAN)
def made_page(member_id: int, name: str, page: int) -> AnyResponse:
    """A page of what was made, ``w`` pixels wide; ``name`` is the file's, for the browser."""
    width = request.args.get("w", PAGE, type=int)
    return as_jpeg(photos.made_page(current_actor(), member_id, name, page, width))


def as_jpeg(content: bytes) -> AnyResponse:
    """A picture of a draft: its address means the same one as long as there is a draft."""
    response = make_response(content)
    response.content_type = "image/jpeg"
    response.headers["Cache-Control"] = "private, max-age=600"
    response.vary.add("Cookie")
    return response


def _keep(member_id: int) -> None:
    if (pages := request.form.get("pages")) is not None:
        photos.arrange(current_actor(), member_id, pages)


def _again(member_id: int, error: PortalError) -> AnyResponse:
    shown = photos_page(current_actor(), member_id, error=error.message)
    return make_response(render_template("making/photos.html", shown=shown), error.status)
