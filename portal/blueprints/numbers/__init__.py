"""解除编号占用 for branches and district-level committees, and 编号沿革."""

from portal.blueprints.numbers.views import blueprint

__all__ = ["blueprint"]
