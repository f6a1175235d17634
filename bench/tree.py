"""Finding a branch among 60,000 organisations, as an applicant does: a part of ``bin/bench joining``."""

from __future__ import annotations

import random
import sqlite3
from datetime import date, timedelta
from pathlib import Path
from urllib.parse import quote, urlencode

from bench.server import BUILD, Client, milliseconds, p50, p95, portal, table
from portal.application import create_app
from portal.demo.city import load
from portal.demo.people import People
from portal.rules.organisations import OrganisationKind
from portal.services.installation import migrate
from portal.settings import load_settings

RUNS = 100
WORDS = (
    ("part of a name, few", "17区3中学"),
    ("part of a name, many", "中学高一"),
    ("two words", "17区 高一(3)班"),
    ("pinyin initials", "17q3zxgy(3)b"),
    ("nobody", "没有这个支部"),
)
PASSWORD = "seven idle camels by a river"


def tree_instance() -> Path:
    """An installation with 60,000 organisations and hardly any members."""
    instance = BUILD / "bench-tree"
    if not (instance / "demo-accounts.json").exists():
        app = create_app(load_settings(instance=instance))
        with app.app_context():
            migrate()
            load(lambda _text: None, members=2000)
    return instance


def searching() -> None:
    """The pages of the choice against the same query by sqlite3."""
    instance = tree_instance()
    lines: list[tuple[object, ...]] = []
    with portal(instance) as (port, _):
        client = Client(port)
        register(client)
        for name, text in WORDS:
            address = f"/joining/branch?q={quote(text)}"
            asked = milliseconds(lambda at=address: client.get(at, **{"HX-Request": "true"}), RUNS)
            floor = milliseconds(lambda words=text: by_sqlite3(instance, words), RUNS)
            lines.append(
                (name, p50(floor), p95(floor), p50(asked), p95(asked), p95(asked) / p95(floor))
            )
        under = milliseconds(lambda: client.get("/joining/branch", **{"HX-Request": "true"}), RUNS)
        lines.append(("the top of the tree", "", "", p50(under), p95(under), ""))
    table(("search", "floor p50 ms", "floor p95 ms", "p50 ms", "p95 ms", "p95 × floor"), lines)


def by_sqlite3(instance: Path, text: str) -> int:
    connection = sqlite3.connect(instance / "portal.db")
    words = text.split()
    matches = " AND ".join("(name LIKE ? OR initials LIKE ?)" for _ in words)
    values = [f"%{word}%" for word in words for _ in range(2)]
    found = connection.execute(
        f"SELECT id, name, path FROM organisation WHERE kind = ? AND closed_at IS NULL AND {matches}"
        " ORDER BY path LIMIT 51",
        (OrganisationKind.BRANCH.value, *values),
    ).fetchall()
    connection.close()
    return len(found)


def register(client: Client) -> None:
    """A new invented person each time: an ID number registers once."""
    chance = random.SystemRandom()
    person = People(
        random.Random(chance.random()), region=f"99{chance.randint(1000, 9999)}"
    ).person(date.today() - timedelta(days=chance.randint(100, 3000)))
    body = urlencode(
        {
            "csrf_token": client.token(),
            "name": person.name,
            "id_number": person.id_number,
            "phone": person.phone,
            "password": PASSWORD,
            "again": PASSWORD,
            "consent": "y",
        }
    )
    status, answer, _ = client.request(
        "POST", "/register", body.encode(), {"Content-Type": "application/x-www-form-urlencoded"}
    )
    assert status == 303, answer.decode()[-3000:]
