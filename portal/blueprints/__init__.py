"""The pages: one package a menu group, each view parses, calls one service, renders.

Nothing here writes to the database, and nobody but ``create_app`` imports from here.
"""

from flask import Flask

from portal.blueprints import (
    accounts,
    arranging,
    auth,
    card,
    checks,
    corrections,
    errors,
    findings,
    home,
    identity,
    installing,
    joining,
    making,
    members,
    messages,
    numbers,
    organisations,
    outside,
    passwords,
    progress,
    record,
    reports,
    scans,
    system,
    transfers,
    user_center,
)


def register_blueprints(app: Flask) -> None:
    """Attach every blueprint and the error handlers."""
    for part in (
        auth,
        home,
        passwords,
        user_center,
        messages,
        accounts,
        joining,
        members,
        scans,
        findings,
        checks,
        arranging,
        making.photos,
        making.large_scans,
        organisations,
        progress,
        record,
        reports,
        numbers,
        transfers,
        outside,
        card,
        identity,
        installing,
        corrections.own,
        corrections.answering,
        system,
    ):
        app.register_blueprint(part.blueprint)
    errors.init_app(app)
