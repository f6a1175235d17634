"""组织管理中心 · 下级组织管理: the tree below a committee, down to a branch's members."""

from portal.blueprints.organisations import changes, moves, sheet
from portal.blueprints.organisations.views import blueprint

__all__ = ["blueprint", "changes", "moves", "sheet"]
