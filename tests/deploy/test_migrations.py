"""The migrations make just the tables that the models describe, on both databases."""

from __future__ import annotations

from pathlib import Path

import pytest
from alembic.autogenerate import compare_metadata
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from flask import Flask
from flask_migrate import upgrade
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from portal.application import create_app
from portal.extensions import db
from portal.models import Base
from portal.services.installation import (
    MIGRATIONS,
    attach_migrations,
    migrate,
    newest_revision,
    schema_revision,
)
from tests.conftest import make_settings


@pytest.mark.usefixtures("database")
def test_models_and_migrations_agree(app: Flask) -> None:
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []


@pytest.mark.usefixtures("database")
def test_what_was_there_before_is_there_after(app: Flask) -> None:
    """A database of the first revision, with people in it, becomes one of today."""
    db.session.remove()
    with db.engine.begin() as connection:
        for table in reversed(Base.metadata.sorted_tables):
            connection.execute(text(f"DROP TABLE {table.name} {_CASCADE[db.engine.dialect.name]}"))
        connection.execute(text("DROP TABLE alembic_version"))
        if db.engine.dialect.name == "postgresql":
            connection.execute(text("DROP FUNCTION audit_record_insert_only"))
    attach_migrations(app)
    upgrade(revision="0001")
    with db.engine.begin() as connection:
        for statement in _OLD_ROWS:
            connection.execute(text(statement))
    migrate()
    with db.engine.connect() as connection:
        context = MigrationContext.configure(connection, opts={"compare_type": True})
        assert compare_metadata(context, Base.metadata) == []
        assert connection.execute(
            text("SELECT login FROM account ORDER BY id")
        ).scalars().all() == [
            "zhibu",
            "tuanyuan",
        ]
        assert connection.execute(text("SELECT pinyin FROM member")).scalar() == "li mou"
        held = connection.execute(text("SELECT number, member_id FROM number_holding")).all()
        assert [tuple(row) for row in held] == [("202011000003", 1)]
        scan = connection.execute(text("SELECT origin, original_id FROM scan")).one()
        assert tuple(scan) == ("uploaded", None)
        months = connection.execute(
            text("SELECT part_id, joined, members, with_scan FROM month_tally")
        )
        assert [(one[0], str(one[1]), *one[2:]) for one in months] == [(1, "2020-01-01", 1, 0)]
        about = connection.execute(text("SELECT id, about_id FROM audit_record ORDER BY id"))
        assert [tuple(row) for row in about] == [(1, None), (2, 1), (3, 1), (4, 1)]
        for change in ("UPDATE audit_record SET address = 'x'", "DELETE FROM audit_record"):
            with pytest.raises(DBAPIError, match="insert only"):
                with connection.begin_nested():
                    connection.execute(text(change))
        connection.execute(text("UPDATE scan SET original_id = 1"))
        with pytest.raises(IntegrityError):
            with connection.begin_nested():
                connection.execute(text("UPDATE scan SET original_id = 2"))
        with pytest.raises(IntegrityError):
            connection.execute(
                text(
                    "INSERT INTO account (id, login, person_name, created_at) VALUES (3, 'x', 'x', '2020-01-01')"
                )
            )


COMMANDS = (
    ["code", "shiwei"],
    ["fsck"],
    ["sweep"],
    ["audit", "verify"],
    ["audit", "seal"],
    ["jobs", "list"],
    ["jobs", "retry", "--failed"],
    ["jobs", "drop", "1"],
    ["scans", "recheck"],
    ["scans", "redraw"],
    ["scans", "drop-derived", "--yes"],
)


def said_by_each_command(app: Flask) -> str:
    """The one sentence that every command ends with, and nothing else."""
    with app.app_context():
        ended = [app.test_cli_runner().invoke(args=command) for command in COMMANDS]
    assert [one.exit_code for one in ended] == [1] * len(COMMANDS)
    (said,) = {one.output for one in ended}
    assert said.startswith("Error: ")
    assert said.count("\n") == 1
    return said


def test_a_command_without_its_tables_says_what_to_do(tmp_path: Path) -> None:
    app = create_app(make_settings(tmp_path))
    assert "bin/flask db upgrade" in said_by_each_command(app)
    with app.app_context():
        attach_migrations(app)
        upgrade(revision="0001")
    said = said_by_each_command(app)
    assert f"stands at revision 0001, this portal needs {newest_revision()}" in said
    with app.app_context():
        upgrade()
        assert app.test_cli_runner().invoke(args=["jobs", "list"]).exit_code == 0
        with db.engine.begin() as connection:
            connection.execute(text("UPDATE alembic_version SET version_num = '9999'"))
    assert "of a newer portal (revision 9999)" in said_by_each_command(app)
    with app.app_context():
        db.engine.dispose()


def test_a_command_whose_database_is_away_says_so(tmp_path: Path) -> None:
    (tmp_path / "portal.db").mkdir()
    assert "does not answer" in said_by_each_command(create_app(make_settings(tmp_path)))


@pytest.mark.usefixtures("database")
def test_a_start_knows_without_alembic_that_nothing_is_to_be_done(app: Flask) -> None:
    heads = ScriptDirectory(str(MIGRATIONS)).get_heads()
    assert [newest_revision()] == heads
    assert schema_revision() == newest_revision()
    with db.engine.begin() as connection:
        connection.execute(text("DROP TABLE alembic_version"))
    assert schema_revision() is None


_CASCADE = {"sqlite": "", "postgresql": "CASCADE"}
_OLD_ROWS = (
    "INSERT INTO organisation (id, kind, name, initials, path) VALUES (1, 'branch', '支部', 'zb', '/1/')",
    "INSERT INTO member (id, branch_id, name, pinyin, initials, sex, birth_date, ethnicity,"
    " political_status, education, email, fee_cents, is_student, joined, number, id_number_sealed,"
    " id_number_hash, phone_sealed, phone_hash, is_new_member, has_scan, version, changed_at)"
    " VALUES (1, 1, '李某', 'limou', 'lm', 'F', '2005-01-01', '汉族', '中国共产主义青年团团员', '高中', '',"
    " 20, false, '2020-01-01', '202011000003', '1', '1', '1', '1', true, false, 1, '2020-02-01')",
    "INSERT INTO account (id, login, password_hash, person_name, organisation_id, created_at)"
    " VALUES (1, 'zhibu', '!', '王某', 1, '2020-01-01')",
    "INSERT INTO account (id, login, password_hash, person_name, member_id, created_at)"
    " VALUES (2, 'tuanyuan', '!', '李某', 1, '2020-01-01')",
    "INSERT INTO scan (id, member_id, storage_key, sha256, size, pages, late, uploaded_at,"
    " uploaded_by_id, state) VALUES (1, 1, 'scans/00/00.pdf', '1', 1, 8, false, '2020-01-01', 1, 'current')",
    "INSERT INTO audit_record (id, at, account_id, person_name, address, request_id, event, detail)"
    " VALUES (1, '2020-01-01', 1, '王某', '', '', 'signed in', '{}')",
    "INSERT INTO audit_record (id, at, person_name, address, request_id, event, member_id, detail)"
    " VALUES (2, '2020-01-01', '系统', '', '', 'x', 1, '{}')",
    "INSERT INTO audit_record (id, at, person_name, address, request_id, event, detail)"
    " VALUES (3, '2020-01-01', '系统', '', '', 'x', '{\"account_id\": 2}')",
    "INSERT INTO audit_record (id, at, person_name, address, request_id, event, detail)"
    " VALUES (4, '2020-01-01', '系统', '', '', 'x', '{\"organisation\": 1}')",
)
