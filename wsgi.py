"""The WSGI entry point: ``wsgi:app`` for gunicorn, and for the flask command."""

from portal.application import create_app
from portal.logs import configure_logging
from portal.services.installation import attach_migrations
from portal.settings import settings_or_exit

settings = settings_or_exit()
configure_logging(settings.log_level)
app = create_app(settings)
attach_migrations(app)
