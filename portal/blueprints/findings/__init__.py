"""检查提示: what the portal saw in a form, and what the branch says to it."""

from portal.blueprints.findings.views import blueprint

__all__ = ["blueprint"]
