"""工作进度: what stands where below a committee, and 催办."""

from portal.blueprints.progress import urging
from portal.blueprints.progress.views import blueprint

__all__ = ["blueprint", "urging"]
