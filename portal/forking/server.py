"""The process that forks: has the libraries loaded, and a child of it does each request.

Started by ``client`` with an environment that holds no secret. Each request comes over a socket
with two descriptors: the file to read, and the pipe to answer on. The child limits itself before
it looks at the first byte: memory, CPU, wall time, no file that grows, no new process, no network;
where it ``opens_files`` is false no new descriptor either, so that it can open no file.
"""

from __future__ import annotations

import array
import contextlib
import ctypes
import gc
import json
import os
import resource
import signal
import socket
import sys
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any, BinaryIO

from portal.forking.wire import PID_BYTES, REQUEST_BYTES

_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38

Work = Callable[[dict[str, Any], BinaryIO], bytes | Iterable[bytes]]
"""Does a request with its file: the answer, ``OK`` or ``REFUSED`` before it; a large one in chunks,
each made when its turn comes, so that it is never whole in memory."""


@dataclass(frozen=True, slots=True)
class Children:
    """What the children do, and what they may."""

    work: Work
    opens_files: bool = False
    collects_garbage: bool = True


def serve(children: Children) -> None:
    """Serve the socket on standard input until it closes; everything is loaded by now."""
    requests = socket.socket(fileno=sys.stdin.fileno())
    gc.collect()
    gc.freeze()  # a child's collector would copy every page of what is loaded by looking at it
    libc = ctypes.CDLL(None, use_errno=True)
    # A network of its own, which has none; where that is not allowed the descriptor limit stands.
    if libc.unshare(_CLONE_NEWNET) != 0:
        libc.unshare(_CLONE_NEWUSER | _CLONE_NEWNET)
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # children leave no zombies
    signal.signal(signal.SIGINT, signal.SIG_IGN)  # Ctrl-C is the server's, which closes the socket
    while True:
        message, ancillary, _, _ = requests.recvmsg(REQUEST_BYTES, socket.CMSG_SPACE(8))
        if not message:
            return
        descriptors = array.array("i")
        for level, kind, content in ancillary:
            if level == socket.SOL_SOCKET and kind == socket.SCM_RIGHTS:
                descriptors.frombytes(content)
        file, answer = descriptors
        _fork_for(children, json.loads(message), file, answer, requests, libc)
        os.close(file)
        os.close(answer)


def _fork_for(
    children: Children,
    request: dict[str, Any],
    file: int,
    answer: int,
    requests: socket.socket,
    libc: ctypes.CDLL,
) -> None:
    """Fork the child; the answer begins with its id, from here.

    The child waits for that: one that is stopped in its first moment can then be killed too.
    """
    told, telling = os.pipe()
    child = os.fork()
    if child == 0:
        requests.close()
        os.close(telling)
        os.read(told, 1)
        os.close(told)
        _child(children, request, file, answer, libc)
    with contextlib.suppress(OSError):  # the server has given up on it
        os.write(answer, child.to_bytes(PID_BYTES, "big"))
    os.close(telling)
    os.close(told)


def _child(
    children: Children, request: dict[str, Any], file: int, answer: int, libc: ctypes.CDLL
) -> None:
    """Answer one request and exit; whatever goes wrong, the pipe just ends."""
    status = 1
    with contextlib.suppress(BaseException):  # the process's edge: the parent sees a short answer
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        if not children.collects_garbage:
            gc.disable()
        _limit(request, opens_files=children.opens_files)
        with os.fdopen(file, "rb") as source:
            made = children.work(request, source)
        for chunk in [made] if isinstance(made, bytes) else made:
            _write(answer, chunk)
        os.close(answer)  # the server need not wait until this process is taken down
        status = 0
    os._exit(status)


def _limit(request: dict[str, Any], *, opens_files: bool) -> None:
    signal.signal(signal.SIGALRM, signal.SIG_DFL)
    signal.setitimer(signal.ITIMER_REAL, request["wall"])
    with open("/proc/self/statm", encoding="ascii") as statm:
        used = int(statm.read().split()[0]) * resource.getpagesize()
    limits = {
        resource.RLIMIT_AS: used + request["memory"],
        resource.RLIMIT_CPU: request["cpu"],
        resource.RLIMIT_FSIZE: 0,
        resource.RLIMIT_CORE: 0,
        resource.RLIMIT_NPROC: 0,
    }
    if not opens_files:
        limits[resource.RLIMIT_NOFILE] = 0
    for kind, value in limits.items():
        resource.setrlimit(kind, (value, value))


def _write(answer: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(answer, view) :]
