"""账号管理: the accounts of organisations, handing over, and codes for members."""

from portal.blueprints.accounts.views import blueprint

__all__ = ["blueprint"]
