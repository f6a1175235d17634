"""整理页面: a form's pages in another order, turned or left out, and the way back."""

from portal.blueprints.arranging.views import blueprint

__all__ = ["blueprint"]
