"""Whether the process lives and is ready, for whoever watches it."""

from portal.blueprints.system.views import blueprint

__all__ = ["blueprint"]
