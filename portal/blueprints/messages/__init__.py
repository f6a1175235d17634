"""站内信: the inbox and each message."""

from portal.blueprints.messages.views import blueprint

__all__ = ["blueprint"]
