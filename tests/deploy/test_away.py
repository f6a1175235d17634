"""What is said when the database is not there, or not made yet."""

from __future__ import annotations

from pathlib import Path

from portal.application import create_app
from portal.extensions import db
from portal.services import installation, readiness
from tests.builders import World
from tests.conftest import make_settings


def test_a_database_that_went_away_is_named(world: World) -> None:
    readiness.beat()
    db.session.remove()
    db.engine.dispose()
    database = world.app.extensions["portal"].settings.instance / "portal.db"
    database.rename(database.with_name("elsewhere.db"))
    database.mkdir()
    assert readiness.readiness() == {"database": False, "store": True, "worker": False}
    answer = world.client().get("/readyz")
    assert (answer.status_code, answer.json["database"]) == (503, "away")
    database.rmdir()
    database.with_name("elsewhere.db").rename(database)
    assert readiness.readiness()["database"]


def test_a_database_without_tables_holds_nothing(tmp_path: Path) -> None:
    app = create_app(make_settings(tmp_path))
    with app.app_context():
        assert installation.content_of() is None
        db.engine.dispose()
