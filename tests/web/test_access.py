"""The policy, walked through HTTP: every route declares its action; role × route × own/foreign.

Two snapshots, which a change must mean: tests/routes.txt and tests/access.txt. Write them anew with
PORTAL_WRITE_SNAPSHOTS=1 bin/test tests/web/test_access.py, and read the difference.
"""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from flask import Flask

from portal.access import POLICY
from portal.models import RoundChoice
from portal.reports import making as reports
from portal.reports.registry import find_report
from portal.reports.report import Asked
from portal.rules.corrections import CorrectionField
from portal.rules.letters import Addressee, AddresseeKind, LetterText
from portal.rules.transfers import USUAL_REASONS
from portal.services import letters, transfers_inside
from portal.services.corrections import report
from portal.services.numbers import ask
from portal.services.round_making import RoundWish, make_round
from tests import scans as files
from tests.builders import Browser, World

HERE = Path(__file__).parent.parent


def compare(name: str, text: str) -> None:
    path = HERE / name
    if os.environ.get("PORTAL_WRITE_SNAPSHOTS"):
        path.write_text(text, encoding="utf-8")
    assert path.read_text(encoding="utf-8") == text


def routes(app: Flask) -> list[tuple[str, str, str]]:
    found = []
    for rule in app.url_map.iter_rules():
        if rule.endpoint == "static":
            continue
        view = app.view_functions[rule.endpoint]
        action = getattr(view, "portal_action", None)
        assert action, f"{rule.rule} declares no action"
        methods = ",".join(sorted((rule.methods or set()) - {"HEAD", "OPTIONS"}))
        found.append((rule.rule, methods, str(action)))
    return sorted(found)


def test_every_route_declares_its_action(app: Flask) -> None:
    lines = [f"{rule:<44} {methods:<9} {action}" for rule, methods, action in routes(app)]
    compare("routes.txt", "\n".join(lines) + "\n")


def test_every_action_has_a_route(app: Flask) -> None:
    used = {action for _, _, action in routes(app)}
    assert {action.value for action in POLICY} <= used


def answer_to(browser: Browser, rule: str, method: str, **ids: int) -> int:
    path = rule
    names = ("member_id", "organisation_id", "account_id", "sign_in_id", "scan_id", "joining_id")
    names += ("request_id", "page", "round_id", "place", "message_id", "file_id", "run_id")
    names += ("transfer_id", "report_id")
    for name in names:
        path = path.replace(f"<int:{name}>", str(ids.get(name, 1)))
    path = path.replace("<key>", "phone").replace("<token>", "of-no-letter-at-all")
    path = path.replace("<slug>", "progress").replace("<field>", "name").replace("<ending>", "csv")
    if method == "GET":
        return int(browser.get(path).status_code)
    if path.endswith("/scan"):
        return int(browser.upload(ids["member_id"], files.png()).status_code)
    return int(browser.post(path, {"version": "1"}, htmx=True).status_code)


def test_role_by_route_by_own_and_foreign_object(world: World) -> None:
    """The matrix of status codes: 404 for what is foreign, 403 for what the role never may."""
    own, foreign = world.add_member(world.branch), world.add_member(world.far_branch)
    scan = {own: world.upload(own).scan_id, foreign: world.upload(foreign).scan_id}
    asked = {
        member: ask(world.actor(branch), member, number=held, reason="看错了")
        for member, branch in ((own, world.branch), (foreign, world.far_branch))
        if (held := world.member(member).number)
    }
    reported = {
        member: report(world.member_actor(member), CorrectionField.NAME, proposed="安", remark="")
        for member in (own, foreign)
    }
    branch_of = {own: world.branch.id, foreign: world.far_branch.id}
    joining = {own: world.apply(), foreign: world.apply(branch=world.far_branch)}
    account = {
        own: world.add_account(world.branch),
        foreign: world.add_account(world.far_branch),
    }
    round_of = {
        member: make_round(world.actor(top), RoundWish(top.id, RoundChoice.ALL), top.name)
        for member, top in ((own, world.district), (foreign, world.other_district))
    }
    letter = {
        member: letters.send(
            world.actor(top),
            f"letter-to-{branch.name}",
            Addressee(AddresseeKind.ORGANISATION, branch.id),
            LetterText("标题", "内容"),
        )
        for member, top, branch in (
            (own, world.district, world.branch),
            (foreign, world.other_district, world.far_branch),
        )
    }
    target = world.sister.id
    transfer = {
        member: transfers_inside.ask(world.actor(branch), mover, target, USUAL_REASONS[0], "")
        for member, branch in ((own, world.branch), (foreign, world.far_branch))
        if (mover := world.add_member(branch))
    }
    progress = find_report("progress")
    run_of = {
        member: reports.order(world.actor(top), progress, Asked(top.id)).id
        for member, top in ((own, world.district), (foreign, world.other_district))
    }
    persons = {
        "nobody": None,
        "applicant": world.applicant().login,
        "member": f"member{own}",
        "branch": f"login{world.branch.id}",
        "grassroots": f"login{world.grassroots.id}",
        "district": f"login{world.district.id}",
        "municipal": f"login{world.municipal.id}",
    }
    lines = [f"{'':<52} " + " ".join(f"{name:<11}" for name in persons)]
    browsers = [world.client(login) for login in persons.values()]
    for rule, methods, action in routes(world.app):
        if action in ("public", "sign out"):
            continue
        for method in methods.split(","):
            answers = []
            for browser in browsers:
                codes = []
                for member in (own, foreign):
                    ids = {
                        "member_id": member,
                        "scan_id": scan[member],
                        "request_id": asked[member],
                        "organisation_id": branch_of[member],
                        "joining_id": joining[member],
                        "account_id": account[member],
                        "sign_in_id": 0,
                        "round_id": round_of[member],
                        "message_id": letter[member],
                        "run_id": run_of[member],
                        "report_id": reported[member],
                        "transfer_id": transfer[member],
                    }
                    codes.append(answer_to(browser, rule, method, **ids))
                answers.append("/".join(map(str, codes)))
            lines.append(f"{method:<4} {rule:<47} " + " ".join(f"{one:<11}" for one in answers))
    compare("access.txt", "\n".join(line.rstrip() for line in lines) + "\n")


@pytest.mark.parametrize("action", POLICY)
def test_nobody_but_a_branch_changes_a_form(action: str) -> None:
    from portal.access import Action, Role

    changing = {Action.EDIT_MEMBER, Action.UPLOAD_SCAN, Action.DELETE_SCAN, Action.RESTORE_SCAN}
    if action in changing:
        assert set(POLICY[Action(action)]) == {Role.BRANCH}


def test_only_a_district_level_committee_releases_a_number() -> None:
    from portal.access import Action, Role

    assert set(POLICY[Action.RELEASE_NUMBER]) == {Role.DISTRICT}
    assert set(POLICY[Action.ASK_RELEASE]) == {Role.BRANCH}
