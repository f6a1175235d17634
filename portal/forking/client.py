"""Has each request done by a child of a process of its own, under limits.

A child that dies, hangs or grows is one lost answer, and nothing else notices.
"""

from __future__ import annotations

import json
import os
import selectors
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

from portal.forking.wire import OK, PID_BYTES, REFUSED

MIB = 1024 * 1024

GRACE_SECONDS = 1.0
LOAD_SECONDS = 60
"""What the process with the libraries may take to start, on a slow machine with much to do."""

ENVIRONMENT = {
    "LANG": "C.UTF-8",
    "PATH": "/usr/bin:/bin",
    # A child may make no thread, so the libraries must not try: numpy's, and OCR's.
    "OPENBLAS_NUM_THREADS": "1",
    "OMP_NUM_THREADS": "1",
    "ORT_DISABLE_TELEMETRY": "1",  # what runs the OCR's models would report to its maker
}
"""All that the process knows: none of the portal's secrets."""

Take = Callable[[bytes], object]
"""Takes the next bytes of an answer."""

PROJECT = Path(__file__).resolve().parent.parent.parent


class ChildLost(Exception):
    """The child ended without a whole answer; ``overtime`` if it used up its time."""

    def __init__(self, *, overtime: bool) -> None:
        super().__init__("overtime" if overtime else "died")
        self.overtime = overtime


class _ProcessLost(ChildLost):
    """The process ended before it had a child for the request."""

    def __init__(self) -> None:
        super().__init__(overtime=False)


class Forker:
    """Sends requests to a process that forks. Safe to use from many threads.

    ``command`` is the module of the process and its arguments, ``memory_bytes`` what a child may
    take on top of the loaded libraries, ``cpu_seconds`` its computing time, ``wall_seconds`` the
    time after which it is killed, ``at_once`` how many may run at the same time; more wait.
    """

    def __init__(
        self,
        command: Sequence[str],
        *,
        memory_bytes: int,
        cpu_seconds: int,
        wall_seconds: int,
        at_once: int,
        environment: Mapping[str, str] = ENVIRONMENT,
    ) -> None:
        self._command = list(command)
        self._environment = environment
        self._limits = {"memory": memory_bytes, "cpu": cpu_seconds, "wall": wall_seconds}
        self._lock = threading.Lock()
        self._slots = threading.BoundedSemaphore(at_once)
        self._process: subprocess.Popen[bytes] | None = None
        self._socket: socket.socket | None = None
        self._owner = 0

    def warm_up(self) -> None:
        """Start the process now, and not with the first request."""
        with self._lock:
            self._running_socket()

    def close(self) -> None:
        """End the process."""
        with self._lock:
            self._stop()

    def ask(self, file: int, request: Mapping[str, Any], most: int) -> tuple[bool, bytes]:
        """Whether the child did it, and its answer of at most ``most`` bytes.

        It reads from the descriptor ``file``, which stays open here. Raises ``ChildLost``.
        """
        answer = bytearray()
        done = self.ask_for(file, request, most, answer.extend)
        return done, bytes(answer)

    def ask_for(self, file: int, request: Mapping[str, Any], most: int, take: Take) -> bool:
        """As ``ask``, but its answer is taken piece by piece; what came before a loss, too."""
        message = json.dumps({**request, **self._limits}).encode()
        with self._slots:
            try:
                return self._ask(file, message, most, take)
            except _ProcessLost:  # killed while it had the request: no child has read the file
                with self._lock:
                    self._stop()
                return self._ask(file, message, most, take)

    def _ask(self, file: int, message: bytes, most: int, take: Take) -> bool:
        receiver, sender = os.pipe()
        try:
            self._send(message, [file, sender])
        finally:
            os.close(sender)
        try:
            return self._receive(receiver, most, take)
        finally:
            os.close(receiver)

    def _send(self, message: bytes, descriptors: list[int]) -> None:
        with self._lock:
            try:
                socket.send_fds(self._running_socket(), [message], descriptors)
            except OSError:  # somebody killed it: start another one
                self._stop()
                socket.send_fds(self._running_socket(), [message], descriptors)

    def _receive(self, receiver: int, most: int, take: Take) -> bool:
        """The whole answer, or ``ChildLost``; a child past its time is killed.

        Its time begins with its id: before that its process may still be loading its libraries.
        """
        began = time.monotonic()
        ends = began + LOAD_SECONDS
        head, size = b"", 0  # the child's id and its verdict; the bytes that were taken
        with selectors.DefaultSelector() as selector:
            selector.register(receiver, selectors.EVENT_READ)
            while size <= most:
                if not selector.select(max(0.0, ends - time.monotonic())):
                    break
                chunk = os.read(receiver, 1 << 16)
                if not chunk and len(head) < PID_BYTES:
                    raise _ProcessLost
                if not chunk:
                    return self._judge(head[PID_BYTES:], time.monotonic() - began)
                if len(head) < PID_BYTES <= len(head) + len(chunk):
                    began = time.monotonic()
                    ends = began + self._limits["wall"] + GRACE_SECONDS
                wanting = PID_BYTES + len(OK) - len(head)
                head += chunk[:wanting]
                size += len(chunk) - len(chunk[:wanting])
                take(chunk[wanting:])
        if len(head) >= PID_BYTES:
            with suppress(ProcessLookupError):
                os.kill(int.from_bytes(head[:PID_BYTES], "big"), signal.SIGKILL)
        raise ChildLost(overtime=True)

    def _judge(self, verdict: bytes, seconds: float) -> bool:
        if verdict not in (OK, REFUSED):
            raise ChildLost(overtime=seconds >= min(self._limits["cpu"], self._limits["wall"]))
        return verdict == OK

    def _running_socket(self) -> socket.socket:
        if self._owner != os.getpid():  # after a fork the process is the parent's, not ours
            self._process = self._socket = None
        if self._socket is None or self._process is None or self._process.poll() is not None:
            self._stop()
            self._socket, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
            with theirs:
                self._process = subprocess.Popen(
                    [sys.executable, "-m", *self._command],
                    stdin=theirs.fileno(),
                    cwd=PROJECT,
                    env=dict(self._environment),
                )
            self._owner = os.getpid()
        return self._socket

    def _stop(self) -> None:
        if self._socket is not None:
            self._socket.close()
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
        self._socket = self._process = None
