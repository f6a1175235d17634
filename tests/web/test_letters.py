"""写信 as pages: whom to, the text kept on a refusal, a draft, the letter, its answer, who read it."""

from __future__ import annotations

import re

from portal.rules.letters import BODY_LENGTH
from tests.builders import Browser, World


def form_of(page: str) -> tuple[str, dict[str, str]]:
    """Where the letter's form goes, and what it carries hidden."""
    action = re.search(r'action="(/messages/letters/[^"]+)"', page)
    to = re.search(r'name="to" value="([^"]+)"', page)
    assert action
    assert to
    return action[1], {"to": to[1]}


def begin(browser: Browser, address: str) -> tuple[str, dict[str, str]]:
    answer = browser.get(address)
    assert answer.status_code == 200, answer.text
    return form_of(answer.text)


def test_from_the_choice_to_the_answer(world: World) -> None:
    district, branch = world.client_of(world.district), world.client_of(world.branch)
    assert 'href="/messages/new"' in district.get("/messages/").text
    choice = district.get("/messages/new").text
    assert f'href="/messages/new?to=branches-{world.district.id}"' in choice
    assert "2 个团支部" in choice
    found = district.get("/messages/new?q=%E7%AC%AC%E4%B8%80%E4%B8%AD%E5%AD%A6").text
    assert "共青团北京市委员会 › 东城区团区委 › 东城区第一中学团委" in found
    assert "连同全部下级（3 个组织）" in found
    address, fields = begin(district, f"/messages/new?to=branches-{world.district.id}")
    fields |= {"subject": "关于<b>自查</b>", "body": "第一行\r\n第二行", "step": "send"}
    sent = district.post(address, fields)
    assert sent.status_code == 303
    assert district.post(address, fields).location == sent.location  # a double click
    shown = district.get(sent.location).text
    assert "2 个组织中 <b>0</b> 个已读" in shown
    assert "关于&lt;b&gt;自查" in shown

    box = branch.get("/messages/?kind=letter").text
    assert box.count('class="is-unread"') == 1
    assert "来信" in box
    letter = box.split('<th scope="row"><a href="')[1].split('"')[0]
    page = branch.get(letter).text
    assert "同时发给 2 个组织" in page
    assert "第一行\n第二行" in page
    assert "没有“催办”类的站内信" in branch.get("/messages/?kind=urging").text
    assert "1 / 2" in district.get("/messages/sent").text
    assert "高一(2)班团支部" in district.get(sent.location).text

    address, fields = begin(branch, f"{letter}/answer")
    page = branch.get(f"{letter}/answer").text
    assert 'value="回复：关于&lt;b&gt;自查&lt;/b&gt;"' in page
    assert "第一行\n第二行" in page
    answered = branch.post(address, fields | {"subject": "回复", "body": "已办", "step": "send"})
    assert "关于&lt;b&gt;自查" in branch.get(answered.location).text
    box = district.get("/messages/?unread=1").text
    letter = box.split('<th scope="row"><a href="')[1].split('"')[0]
    assert "第一行\n第二行" in district.get(letter).text


def test_nothing_typed_is_lost(world: World) -> None:
    district = world.client_of(world.district)
    address, fields = begin(district, f"/messages/new?to=organisation-{world.branch.id}")
    long = "字" * (BODY_LENGTH + 1)
    for typed, status, said in (
        ({"subject": "", "body": "内容"}, 422, "请填写标题"),
        ({"subject": "标题", "body": long}, 422, f"现在有 {BODY_LENGTH + 1} 个"),
        ({"subject": "王某 13800138000", "body": "内容"}, 422, "不要写身份证号和手机号"),
    ):
        page = district.post(address, fields | typed | {"step": "send"})
        assert page.status_code == status
        assert said in page.text
        assert f'value="{typed["subject"]}"' in page.text
        assert f">{typed['body']}</textarea>" in page.text
        assert form_of(page.text) == (address, fields)
    saved = district.post(address, fields | {"subject": "", "body": "写到一半", "step": "save"})
    assert saved.location == address
    page = district.get(address).text
    assert "草稿已保存" in page
    assert ">写到一半</textarea>" in page
    kept = district.get("/messages/drafts").text
    assert "（没有标题）" in kept
    assert address in kept
    assert world.client_of(world.municipal).get(address).status_code == 404
    assert "草稿已删除" in district.get(district.post(f"{address}/discard").location).text
    assert district.get(address).status_code == 404
    assert "没有草稿" in district.get("/messages/drafts").text


def test_a_session_that_ended_gives_the_letter_back(world: World) -> None:
    district = world.client_of(world.district)
    address, fields = begin(district, f"/messages/new?to=organisation-{world.branch.id}")
    typed = fields | {"subject": "标题", "body": "第一行\r\n第二行", "step": "send"}
    token = district.token()
    district.post("/sign-out")
    asked = district.post(address, typed)
    assert asked.status_code == 401
    carried = dict(re.findall(r'name="pending-(\w+)" value="([^"]*)"', asked.text))
    assert carried["body"] == "第一行\r\n第二行"
    assert token
    back = district.sign_in(
        f"login{world.district.id}",
        next=address,
        **{f"pending-{name}": value for name, value in typed.items()},
    )
    assert "第一行" in back.text
    assert f'action="{address}"' in back.text
    sent = district.post(address, typed)
    assert "已发送" in district.get(sent.location).text


def test_who_can_not_read_is_said_at_once(world: World) -> None:
    branch, member = world.client_of(world.branch), world.add_member(name="安新")
    assert "还没有账号，收不到站内信" in branch.get("/messages/new").text
    assert f'href="/messages/new?to=member-{member}"' in branch.get(f"/members/{member}").text
    back = branch.get(f"/messages/new?to=member-{member}")
    assert back.location == f"/members/{member}"
    assert "安新 还没有可用的账号" in branch.get(back.location).text
    assert "可以写信的上级组织或本支部团员" in branch.get("/messages/new?q=%E8%A5%BF").text


def test_a_member_reads_and_answers_but_begins_nothing(world: World) -> None:
    member_id = world.add_member(name="安新")
    login = world.member_actor(member_id).login
    branch, member = world.client_of(world.branch), world.client(login)
    page = member.get("/messages/").text
    assert "写信" not in page
    assert "可以点“回复”" in member.get("/messages/sent").text
    assert member.get("/messages/new").status_code == 403
    address, fields = begin(branch, f"/messages/new?to=member-{member_id}")
    text = {"subject": "请来核对", "body": "请带原件", "step": "send"}
    sent = branch.post(address, fields | text)
    assert "对方还没有打开这封信" in branch.get(sent.location).text
    letter = member.get("/messages/").text.split('<th scope="row"><a href="')[1].split('"')[0]
    assert "安新" in member.get(letter).text
    address, fields = begin(member, f"{letter}/answer")
    done = member.post(address, fields | {"subject": "回复", "body": "好的", "step": "send"})
    assert "高一(1)班团支部" in member.get(done.location).text
    assert "已读" in branch.get(sent.location).text
    forged = fields | {"to": f"organisation-{world.district.id}", "subject": "x", "body": "y"}
    assert member.post(address[:-1] + "z", forged).status_code == 403
    assert member.post("/messages/letters/short", forged).status_code == 404
    assert member.post(address[:-1] + "z", {"to": "x"}).status_code == 404
    assert world.client(world.applicant().login).get(f"{letter}/answer").status_code == 403
