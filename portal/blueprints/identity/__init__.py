"""身份码: the member shows one, and whoever scans it is answered without an account."""

from portal.blueprints.identity.showing import blueprint  # isort: skip
from portal.blueprints.identity import answering  # noqa: F401 (adds its routes)

__all__ = ["blueprint"]
