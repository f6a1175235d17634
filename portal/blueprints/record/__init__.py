"""操作日志: the record, searched."""

from portal.blueprints.record.views import blueprint

__all__ = ["blueprint"]
