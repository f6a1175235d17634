"""站内信: the inbox, each message, writing and answering, what was sent."""

from portal.blueprints.messages import sent, writing
from portal.blueprints.messages.views import blueprint

__all__ = ["blueprint", "sent", "writing"]
