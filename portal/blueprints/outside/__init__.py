"""转至外部系统 and 转回登记: asking, entering the outside system's receipt, coming back."""

from portal.blueprints.outside.views import blueprint

__all__ = ["blueprint"]
