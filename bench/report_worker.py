"""The process in which ``bench.reports`` has a report made: it holds what a worker does, no more.

Says a line when it is loaded, reads which report for whom, makes it and its workbook, and tells the
run's id and the seconds of both.
"""

from __future__ import annotations

import json
import pickle
import sys
import time
from pathlib import Path

from portal.application import create_app
from portal.models import RunState
from portal.reports import making, working
from portal.reports.registry import find_report
from portal.services import report_runs
from portal.settings import load_settings


def main(instance: Path) -> None:
    app = create_app(load_settings(instance=instance, log_level="WARNING"))
    with app.app_context():
        app.extensions["portal"].typesetter.part("<html lang=zh-CN><title>x</title><p>x</html>")
        print("loaded", flush=True)
        actor, report, asked = pickle.load(sys.stdin.buffer)
        began = time.monotonic()
        run = making.order(actor, find_report(report), asked)
        while run.state not in (RunState.DONE, RunState.FAILED):
            working.work(20)
            run = report_runs.find_run(actor, run.id)
        assert run.state is RunState.DONE, run.words
        seconds = time.monotonic() - began
        began = time.monotonic()
        assert making.file_of(actor, run, "xlsx")
        print(json.dumps([run.id, seconds, time.monotonic() - began]))
    app.extensions["portal"].close()


if __name__ == "__main__":
    main(Path(sys.argv[1]))
