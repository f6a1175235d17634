"""The real product as a process with its demo, and pages of each engine."""

from __future__ import annotations

import json
import os
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from sqlalchemy import select

from portal import clock
from portal.application import create_app
from portal.extensions import db
from portal.models import Account, Member, Organisation
from portal.rules.organisations import OrganisationKind
from portal.services.accounts import account_named, hash_password
from portal.services.transaction import writing
from portal.settings import load_settings
from tests.browser.drivers import (
    ENGINES,
    FLAGS_69,
    FLAGS_86,
    NEW_FLAGS,
    PICTURES,
    ROOT,
    Driver,
    OldBrowser,
    PlaywrightPage,
    PyppeteerPage,
    wait,
)

OLD_FLAGS = {"chromium69": FLAGS_69, "chromium86": FLAGS_86}
DOCS = ROOT / "docs" / "pictures"


class Portal:
    """The running portal: its address and its demo's logins."""

    def __init__(self, base: str, instance: Path) -> None:
        self.base = base
        self.instance = instance
        accounts = json.loads((instance / "demo-accounts.json").read_text(encoding="utf-8"))
        self.passwords = {one["login"]: one["password"] for one in accounts}


@pytest.fixture(scope="session")
def portal(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Portal]:
    """Started as a person starts it, on a port of its own; ended by SIGTERM."""
    instance = tmp_path_factory.mktemp("portal")
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    log = instance / "run.log"
    with log.open("w") as output:
        process = subprocess.Popen(
            [sys.executable, "-m", "portal.run", "--port", str(port), "--instance", str(instance)],
            cwd=ROOT,
            stdout=output,
            stderr=subprocess.STDOUT,
            env={**os.environ, "PYTHONUNBUFFERED": "1"},
        )
    base = f"http://127.0.0.1:{port}"
    ends = time.monotonic() + 300  # the demo is drawn: half a minute on a processor with much to do
    try:
        while f"\n{base}/" not in log.read_text():
            assert process.poll() is None, log.read_text()[-3000:]
            assert time.monotonic() < ends, log.read_text()[-3000:]
            time.sleep(0.1)
        yield Portal(base, instance)
    finally:
        process.terminate()
        ended = process.wait(timeout=20)
    assert ended in (0, -15, 143)
    text = log.read_text()
    assert "Traceback" not in text.replace('"exc_info"', ""), text[-4000:]


@pytest.fixture(scope="session")
def browsers() -> Iterator[Callable[[str], object]]:
    """Each engine, started when first asked for."""
    from playwright.sync_api import sync_playwright

    PICTURES.mkdir(parents=True, exist_ok=True)
    started: dict[str, object] = {}
    playwright = sync_playwright().start()

    def browser(engine: str) -> object:
        if engine in started:
            return started[engine]
        if engine in OLD_FLAGS:
            started[engine] = OldBrowser(ENGINES / engine / "chromium", OLD_FLAGS[engine])
        else:
            started[engine] = playwright.chromium.launch(
                executable_path=shutil.which("chromium"), args=NEW_FLAGS, headless=True
            )
        return started[engine]

    yield browser
    for one in started.values():
        one.close()  # type: ignore[attr-defined]
    playwright.stop()
    if os.environ.get("PORTAL_WRITE_PICTURES"):
        DOCS.mkdir(parents=True, exist_ok=True)
        for picture in PICTURES.glob("*.png"):
            if not picture.stem.endswith(tuple(OLD_FLAGS)):  # the guide shows one engine
                shutil.copy(picture, DOCS / picture.name)


@pytest.fixture(scope="session")
def further_people(portal: Portal) -> dict[str, str]:
    """Logins the demo lacks: ``colleague`` of quwei3, ``newcomer`` of a branch with nobody in it."""
    app = create_app(load_settings(instance=portal.instance))
    logins, password = {"colleague": "quwei3b", "newcomer": "kong"}, "correct horse battery"
    with app.app_context():
        committee = account_named("quwei3")
        assert committee is not None
        inhabited = select(Member.branch_id)
        empty = db.session.scalars(
            select(Organisation.id).where(
                Organisation.kind == OrganisationKind.BRANCH, Organisation.id.not_in(inhabited)
            )
        ).first()
        with writing() as session:
            for who, place in (("colleague", committee.organisation_id), ("newcomer", empty)):
                made = Account(
                    login=logins[who],
                    password_hash=hash_password(password),
                    person_name="陈同事",
                    organisation_id=place,
                    created_at=clock.now(),
                )
                session.add(made)
        db.engine.dispose()
    portal.passwords |= dict.fromkeys(logins.values(), password)
    return logins


class People:
    """Opens pages and signs people in; closes what it opened."""

    def __init__(self, portal: Portal, browsers: Callable[[str], object], engine: str) -> None:
        self.portal = portal
        self._browsers = browsers
        self.engine = engine
        self._open: list[Driver] = []

    def page(self, *, javascript: bool = True, engine: str | None = None) -> Driver:
        """A page of the story's engine; ``engine``: of another one, beside it."""
        engine = engine or self.engine
        browser = self._browsers(engine)
        made: Driver
        if engine in OLD_FLAGS:
            made = PyppeteerPage(browser, self.portal.base, engine)  # type: ignore[arg-type]
        else:
            made = PlaywrightPage(browser, self.portal.base, engine, javascript=javascript)
        self._open.append(made)
        return made

    def sign_in(
        self,
        login: str,
        *,
        javascript: bool = True,
        page: Driver | None = None,
        to_list: bool = True,
    ) -> Driver:
        """Sign in and go on to the list or the tree; ``to_list`` False: stay on the first page."""
        page = page or self.page(javascript=javascript)
        page.goto("/")
        if page.count("#login") == 0:  # an old engine has one jar of cookies for all pages
            page.click(".who button")
            page.goto("/")
        page.fill("#login", login)
        page.fill("#password", self.portal.passwords[login])
        page.click(".sign-in button[type=submit]")
        if to_list:
            # Most stories begin on the list or the tree, one click from 首页. Who is signed in has a
            # head that the page of signing in lacks, and between the two there is no page at all.
            wait(lambda: page.count(".who") > 0, "the page after signing in")
            if login.startswith("zhibu"):
                page.goto("/members/")
            elif login != "tuanyuan":
                page.goto("/organisations/")
        return page

    def close(self) -> None:
        errors = [error for page in self._open for error in page.errors]
        for page in self._open:
            page.close()
        assert errors == []


def _people(engine: str) -> Callable[..., Iterator[People]]:
    def fixture(portal: Portal, browsers: Callable[[str], object]) -> Iterator[People]:
        made = People(portal, browsers, engine)
        yield made
        made.close()

    return fixture


@pytest.fixture(params=["chromium156", "chromium86"])
def people(
    request: pytest.FixtureRequest, portal: Portal, browsers: Callable[[str], object]
) -> Iterator[People]:
    """Two engines: today's, and what domestic browsers shipped until lately."""
    yield from _people(request.param)(portal, browsers)


@pytest.fixture(params=["chromium156", "chromium86", "chromium69"])
def people_everywhere(
    request: pytest.FixtureRequest, portal: Portal, browsers: Callable[[str], object]
) -> Iterator[People]:
    """The oldest one too."""
    yield from _people(request.param)(portal, browsers)


@pytest.fixture(params=["chromium156", "chromium69"])
def people_at_both_ends(
    request: pytest.FixtureRequest, portal: Portal, browsers: Callable[[str], object]
) -> Iterator[People]:
    """Today's engine and the oldest one."""
    yield from _people(request.param)(portal, browsers)


@pytest.fixture
def people_today(portal: Portal, browsers: Callable[[str], object]) -> Iterator[People]:
    """Today's engine alone, for what does not depend on it."""
    yield from _people("chromium156")(portal, browsers)
