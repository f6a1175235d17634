"""首页 of branches and committees; a member's is the card, an applicant's the application."""

from portal.blueprints.home.views import blueprint

__all__ = ["blueprint"]
