"""邮件提醒 as a page: the address of an organisation's account, on or off, and what is not taken."""

from __future__ import annotations

from tests.builders import World


def test_an_organisation_s_account_has_an_address_of_its_own(world: World) -> None:
    branch = world.client_of(world.branch)
    assert "没有填写邮箱" in branch.get("/my/profile").text
    page = branch.get("/my/mail").text
    assert "本系统现在没有开通邮件提醒" in page
    wrong = branch.post("/my/mail", {"email": "nobody", "wanted": "y"})
    assert wrong.status_code == 422
    assert "邮箱地址不完整" in wrong.text
    assert 'value="nobody"' in wrong.text
    saved = branch.post("/my/mail", {"email": "branch@example.com", "wanted": "y"})
    page = branch.get(saved.location).text
    assert "邮件提醒的设置已保存" in page
    assert "branch@example.com" in page
    branch.post("/my/mail", {"email": "branch@example.com"})
    assert "已关闭" in branch.get("/my/profile").text
    branch.post("/my/mail", {"email": "branch@example.com"})  # again: nothing new
    lines = branch.get("/record/?kind=accounts").text
    assert "打开了自己的邮件提醒，修改了收邮件的地址（内容不记录）" in lines
    assert lines.count("关闭了自己的邮件提醒") == 1
    assert "branch@example.com" not in lines


def test_a_member_switches_it_off_and_changes_the_address_elsewhere(world: World) -> None:
    member_id = world.add_member()
    login = world.member_actor(member_id).login
    world.set_columns(member_id, email="anxin@example.com")
    member = world.client(login)
    assert 'href="/my/mail"' in member.get("/my/profile").text
    page = member.get("/my/mail").text
    assert "anxin@example.com" in page
    assert 'name="email"' not in page
    member.post("/my/mail", {"email": "other@example.com"})
    assert "checked" not in member.get("/my/mail").text
    applicant = world.client(world.applicant().login)
    assert applicant.get("/my/mail").status_code == 200
