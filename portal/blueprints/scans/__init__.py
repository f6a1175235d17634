"""点击查看: the viewer of a form, its page pictures and the original."""

from portal.blueprints.scans.views import blueprint

__all__ = ["blueprint"]
