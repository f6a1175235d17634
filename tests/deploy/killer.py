"""A server that kills itself (SIGKILL) before or after one function of an upload."""

from __future__ import annotations

import multiprocessing
import os
import signal
from multiprocessing.context import ForkServerProcess
from pydoc import locate
from typing import Any

from portal import serve
from portal.blueprints.members import cells
from portal.settings import load_settings

# Importing the portal takes longer than all that a test does with it: once for all of them.
_processes = multiprocessing.get_context("forkserver")
_processes.set_forkserver_preload([__name__])


def start(port: int, step: tuple[str, str, str], **settings: Any) -> ForkServerProcess:
    """Serve in a process of its own. ``step``: class or module, function, before, after or never."""
    process = _processes.Process(target=_serve, args=(port, step, settings))
    process.start()
    return process


def _serve(port: int, step: tuple[str, str, str], settings: dict[str, Any]) -> None:
    place, name, when = step
    owner = locate(place)
    real = getattr(owner, name)
    armed = False

    def killing(*args: Any, **kwargs: Any) -> Any:
        if when == "before" and armed:
            os.kill(os.getpid(), signal.SIGKILL)
        result = real(*args, **kwargs)
        if when == "after" and armed:
            os.kill(os.getpid(), signal.SIGKILL)
        return result

    upload = cells.scans.upload

    def arming(*args: Any) -> Any:
        nonlocal armed
        armed = True  # once the upload comes: signing in writes to the record too
        return upload(*args)

    setattr(owner, name, killing)
    cells.scans.upload = arming
    serve.run(load_settings(**settings), "127.0.0.1", port)
