"""站内信: the inbox, each message, writing and answering, what was sent."""

from portal.blueprints.messages import files, sent, writing
from portal.blueprints.messages.views import blueprint

__all__ = ["blueprint", "files", "sent", "writing"]
