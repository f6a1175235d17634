"""团组织关系转接: asking, deciding, and where each stands."""

from portal.blueprints.transfers import asking
from portal.blueprints.transfers.views import blueprint

__all__ = ["asking", "blueprint"]
