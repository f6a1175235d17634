"""站内信 as pages: the count on every page, the inbox, one message, 全部已读."""

from __future__ import annotations

from portal.models import MessageKind
from portal.services import messages
from portal.services.messages import Letter
from portal.services.transaction import writing
from tests.builders import World


def test_from_the_count_in_the_head_to_the_thing_itself(world: World) -> None:
    branch = world.client_of(world.branch)
    assert "还没有站内信" in branch.get("/messages/").text
    with writing():
        for subject in ("编号已解除占用", "<b>待上传</b>"):
            letter = Letter(MessageKind.NOTICE, subject, "第一行\n第二行", "/members/?filter=new")
            messages.send_to_organisation(world.branch.id, letter)
    page = branch.get("/members/").text
    assert 'href="/messages/">站内信 <b class="unread">2<' in page
    box = branch.get("/messages/").text
    assert "&lt;b&gt;待上传" in box
    assert box.count('class="is-unread"') == 2
    address = box.split('<th scope="row"><a href="')[1].split('"')[0]
    shown = branch.get(address).text
    assert 'href="/members/?filter=new">去处理' in shown
    assert '站内信 <b class="unread">1<' in shown
    assert branch.get("/messages/?unread=1").text.count('class="is-unread"') == 1
    assert world.client_of(world.sister).get(address).status_code == 404

    assert branch.post("/messages/read").status_code == 303
    after = branch.get("/messages/?unread=1").text
    assert "已把 1 封标为已读" in after
    assert "没有未读的站内信" in after
    branch.post("/messages/read")
    assert "没有未读的站内信。" in branch.get("/messages/").text


def test_a_partial_does_not_ask_for_the_count(world: World) -> None:
    branch = world.client_of(world.branch)
    assert "who-messages" not in branch.get("/members/", htmx=True).text
