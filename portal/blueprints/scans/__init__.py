"""点击查看: the viewer of a form, its page pictures and the original, and its findings."""

from portal.blueprints.scans import findings, views
from portal.blueprints.scans.views import blueprint

__all__ = ["blueprint", "findings", "views"]
