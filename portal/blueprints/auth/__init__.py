"""Signing in and out, and going on with what was typed when the session ended."""

from portal.blueprints.auth.views import blueprint

__all__ = ["blueprint"]
