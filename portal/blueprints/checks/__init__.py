"""检查: one form alone, and rounds of many, one form after the other with the keyboard."""

from portal.blueprints.checks import rounds
from portal.blueprints.checks.views import blueprint

__all__ = ["blueprint", "rounds"]
