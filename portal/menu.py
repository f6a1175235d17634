"""The menus of the guide's pictures. A menu item that does not work yet is not here."""

from __future__ import annotations

from dataclasses import dataclass

from portal.access import Action, Actor, allows


@dataclass(frozen=True, slots=True)
class MenuItem:
    """One line of the menu."""

    label: str
    url: str
    current: bool


@dataclass(frozen=True, slots=True)
class MenuGroup:
    """A group of the menu under its heading."""

    label: str
    items: tuple[MenuItem, ...]


# Label, address, the pages that lie under the item, who has it.
_MENU: tuple[tuple[str, tuple[tuple[str, str, tuple[str, ...], Action], ...]], ...] = (
    (
        "用户中心",
        (
            ("首页", "/home", ("/home",), Action.VIEW_HOME),
            ("我的资料", "/my/profile", ("/my/profile", "/my/contact"), Action.VIEW_OWN_ACCOUNT),
            ("站内信", "/messages/", ("/messages/",), Action.READ_MESSAGES),
            ("修改密码", "/my/password", ("/my/password",), Action.CHANGE_OWN_PASSWORD),
            ("登录设备", "/my/sign-ins", ("/my/sign-ins",), Action.LIST_OWN_SIGN_INS),
        ),
    ),
    ("团组织管理", (("账号管理", "/accounts/", ("/accounts/",), Action.LIST_ACCOUNTS),)),
    (
        "团员管理",
        (
            ("我的团员", "/members/", ("/members/",), Action.LIST_OWN_MEMBERS),
            ("加入申请", "/joinings/", ("/joinings/",), Action.REVIEW_JOININGS),
            ("组织关系转接", "/transfers/", ("/transfers/",), Action.LIST_TRANSFERS),
        ),
    ),
    (
        "组织管理中心",
        (
            (
                "下级组织管理",
                "/organisations/",
                ("/organisations/", "/members/"),
                Action.BROWSE_ORGANISATIONS,
            ),
            ("检查", "/checks/", ("/checks/",), Action.CHECK_SCAN),
            ("编号解除占用", "/releases/", ("/releases/",), Action.RELEASE_NUMBER),
            ("组织关系转接", "/transfers/below", ("/transfers/",), Action.WATCH_TRANSFERS),
            ("操作日志", "/record/", ("/record/",), Action.VIEW_RECORD),
        ),
    ),
    (
        "工作进度",
        (("不规范编号", "/progress/", ("/progress/",), Action.VIEW_PROGRESS),),
    ),
    ("统计信息", (("统计报表", "/reports/", ("/reports/",), Action.MAKE_REPORTS),)),
    ("我的", (("我的团员证", "/card", ("/card", "/members/"), Action.VIEW_CARD),)),
)


def menu_for(actor: Actor, path: str) -> tuple[MenuGroup, ...]:
    """The actor's menu; the item that ``path`` lies under is the current one."""
    groups = []
    for label, lines in _MENU:
        items = tuple(
            MenuItem(name, url, path.startswith(under))
            for name, url, under, action in lines
            if allows(actor, action)
        )
        if items:
            groups.append(MenuGroup(label, items))
    return tuple(groups)
