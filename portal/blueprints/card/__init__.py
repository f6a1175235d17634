"""我的 · 我的团员证: the member's own read-only page, made for the phone."""

from portal.blueprints.card import own_data
from portal.blueprints.card.views import blueprint

__all__ = ["blueprint", "own_data"]
