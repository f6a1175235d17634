"""Join the parts of the portal into an application.

Not in ``portal/__init__.py``: the sandbox's process imports ``portal.pdf`` and must not load Flask,
the database and the secrets with it.
"""

from __future__ import annotations

from flask import Flask
from werkzeug.middleware.proxy_fix import ProxyFix

from portal import cli, extensions, logs
from portal.blueprints import register_blueprints
from portal.identity_keys import IdentityKeys
from portal.jobs.queue import Queue
from portal.pdf.maker import Maker
from portal.pdf.sandbox import Sandbox
from portal.runtime import Runtime
from portal.services.identity_notes import Notes
from portal.services.transaction import prepare_sqlite
from portal.settings import Settings
from portal.statics import serve_static
from portal.storage import open_store
from portal.typesetting.typesetter import Typesetter
from portal.vault import Vault
from portal.web import (
    PortalRequest,
    PortalSessions,
    RowId,
    refuse_nul,
    secure_headers,
    template_globals,
)

MIB = 1024 * 1024


def create_app(settings: Settings) -> Flask:
    """Join the parts of the portal as ``settings`` say."""
    app = logs.LoggedByRoute("portal")
    app.request_class = PortalRequest
    app.session_interface = PortalSessions()
    app.url_map.converters["int"] = RowId
    app.config.update(
        SECRET_KEY=settings.secret_key,
        SQLALCHEMY_DATABASE_URI=settings.database_url,
        SESSION_COOKIE_NAME="portal",
        SESSION_COOKIE_SAMESITE="Lax",
        SESSION_COOKIE_SECURE=settings.secure_cookies,
        MAX_CONTENT_LENGTH=settings.max_request_mib * MIB,
        MAX_FORM_MEMORY_SIZE=MIB,
        WTF_CSRF_TIME_LIMIT=None,  # a token lives as long as its session
        WTF_CSRF_CHECK_DEFAULT=False,  # the gate checks, after the permission
        RATELIMIT_STORAGE_URI=settings.limits_url,
        COMPRESS_MIMETYPES=["text/html"],
        COMPRESS_ALGORITHM=["gzip"],
        COMPRESS_LEVEL=5,
        COMPRESS_MIN_SIZE=2048,  # less goes over the line at once anyway
    )
    app.jinja_env.trim_blocks = True
    app.jinja_env.lstrip_blocks = True
    extensions.db.init_app(app)
    extensions.login_manager.init_app(app)
    extensions.csrf.init_app(app)
    extensions.compress.init_app(app)
    extensions.limiter.init_app(app)
    if settings.is_sqlite:
        with app.app_context():
            prepare_sqlite(extensions.db.engine)
    equip(app, settings)
    logs.init_app(app)
    template_globals(app)
    secure_headers(app)
    refuse_nul(app)
    register_blueprints(app)
    cli.init_app(app)
    serve_static(app)
    if settings.behind_proxy:
        app.wsgi_app = ProxyFix(app.wsgi_app, x_for=1, x_proto=1)  # type: ignore[method-assign]
    return app


def equip(app: Flask, settings: Settings) -> None:
    """Give the application what its services work with besides the database."""
    app.extensions["portal.notes"] = Notes()
    queue = app.extensions["portal.queue"] = Queue(app, settings)
    app.extensions["portal"] = Runtime(
        settings=settings,
        store=open_store(settings.store_url, settings.instance / "incoming"),
        sandbox=_sandbox(settings.inspect_memory_mib, settings.inspect_seconds),
        looker=_sandbox(settings.look_memory_mib, settings.look_seconds, looks=True),
        maker=Maker(
            memory_bytes=settings.make_memory_mib * MIB,
            cpu_seconds=settings.make_seconds - 2,
            wall_seconds=settings.make_seconds,
        ),
        typesetter=Typesetter(
            memory_bytes=settings.report_memory_mib * MIB,
            cpu_seconds=settings.report_seconds,
            wall_seconds=settings.report_seconds,
            at_once=settings.report_processes,
        ),
        vault=Vault(settings.secret_key),
        identity_keys=IdentityKeys(settings.identity_key or settings.secret_key),
        policy=settings.number_policy,
        wake=queue.wake,
    )


def _sandbox(memory_mib: int, seconds: int, *, looks: bool = False) -> Sandbox:
    return Sandbox(
        memory_bytes=memory_mib * MIB,
        cpu_seconds=max(1, seconds - 2),
        wall_seconds=seconds,
        looks=looks,
    )
