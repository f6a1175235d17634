"""Setting a password with a one-time code, and the meter: for persons who are not signed in."""

from portal.blueprints.passwords.views import blueprint

__all__ = ["blueprint"]
