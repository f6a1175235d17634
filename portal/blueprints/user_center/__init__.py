"""用户中心: one's own data, password and sign-ins, for every role."""

from portal.blueprints.user_center import mail
from portal.blueprints.user_center.views import blueprint

__all__ = ["blueprint", "mail"]
