"""工作进度: what stands where below a committee."""

from portal.blueprints.progress.views import blueprint

__all__ = ["blueprint"]
