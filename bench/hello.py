"""The floors for pages: a hello-world Flask view, and the list's rows by sqlite3 and formatting."""

from __future__ import annotations

import os
import sqlite3
import sys

from flask import Flask
from waitress import serve

app = Flask(__name__)


@app.get("/healthz")
@app.get("/hello")
def hello() -> str:
    return "<!doctype html><title>hello</title><p>hello"


@app.get("/rows/<int:branch_id>")
def rows(branch_id: int) -> str:
    connection = sqlite3.connect(os.environ["BENCH_DATABASE"])
    found = connection.execute(
        "SELECT m.id, m.name, m.sex, m.number, m.joined, m.due_date, s.id, s.pages, s.size "
        "FROM member m LEFT JOIN scan s ON s.member_id = m.id AND s.state = 'current' "
        "WHERE m.branch_id = ? ORDER BY m.pinyin, m.id LIMIT 50",
        (branch_id,),
    ).fetchall()
    connection.close()
    lines = "".join(
        f"<tr><td><a href='/members/{row[0]}'>{row[1]}</a><td>{row[2]}<td>{row[3]}<td>{row[4]}"
        f"<td>{row[5]}<td>{row[6]} {row[7]} {row[8]}</tr>"
        for row in found
    )
    return f"<!doctype html><table>{lines}</table>"


if __name__ == "__main__":
    serve(app, host="127.0.0.1", port=int(sys.argv[1]), threads=8)
