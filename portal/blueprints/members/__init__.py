"""团员管理: the branch's list 我的团员, 团员信息, 修改, and the form's cell."""

from portal.blueprints.members import cells, leaving, views
from portal.blueprints.members.views import blueprint

__all__ = ["blueprint", "cells", "leaving", "views"]
