"""The portal on a phone's start screen: manifest, service worker, what is shown offline."""

from portal.blueprints.installing.views import blueprint

__all__ = ["blueprint"]
