"""团员注册 and 加入申请: registering, applying, and the branch's review."""

from portal.blueprints.joining import apply, registering, review
from portal.blueprints.joining.views import blueprint

__all__ = ["apply", "blueprint", "registering", "review"]
