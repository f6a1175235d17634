"""The sandbox's own process: has the parsers loaded, and forks a child for each file.

Started by ``sandbox.py`` with an empty environment, so that no secret is in its memory. With the
argument ``look`` numpy, the checks and the reader of first pages are loaded too, with ``make`` what
writes files, and only then it can do so. Each request comes over a socket with two descriptors: the
file to read, and the pipe to answer on. The child limits itself before it looks at the first byte:
memory, CPU, wall time, no file that grows, no new descriptor — so it can open no file and no
socket — and no new process.
"""

from __future__ import annotations

import array
import codecs
import contextlib
import ctypes
import gc
import importlib
import json
import os
import pkgutil
import resource
import signal
import socket
import sys
import zipfile
from dataclasses import asdict
from typing import Any, BinaryIO

from PIL import Image

from portal.pdf.attachment import kind_of_attachment
from portal.pdf.inspect import inspect
from portal.pdf.pages import draw, draw_part, measure
from portal.pdf.wire import OK, PID_BYTES, REFUSED, REQUEST_BYTES
from portal.rules.attachments import AttachmentRefused
from portal.rules.page_shapes import shapes_to_json
from portal.rules.scan_findings import Box
from portal.rules.scan_refusals import ScanRefused

_CLONE_NEWUSER, _CLONE_NEWNET = 0x10000000, 0x40000000
_PR_SET_PDEATHSIG, _PR_SET_NO_NEW_PRIVS = 1, 38


def main() -> None:
    """Serve the socket on standard input until it closes."""
    requests = socket.socket(fileno=sys.stdin.fileno())
    _load_everything()
    if "look" in sys.argv[1:]:
        _load_look()
    if "make" in sys.argv[1:]:
        _load_make()
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
        _fork_for(json.loads(message), file, answer, requests, libc)
        os.close(file)
        os.close(answer)


def _fork_for(
    request: dict[str, Any], file: int, answer: int, requests: socket.socket, libc: ctypes.CDLL
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
        _child(request, file, answer, libc)
    with contextlib.suppress(OSError):  # the server has given up on it
        os.write(answer, child.to_bytes(PID_BYTES, "big"))
    os.close(telling)
    os.close(told)


def _child(request: dict[str, Any], file: int, answer: int, libc: ctypes.CDLL) -> None:
    """Answer one request and exit; whatever goes wrong, the pipe just ends."""
    status = 1
    with contextlib.suppress(BaseException):  # the process's edge: the parent sees a short answer
        libc.prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)
        libc.prctl(_PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
        _limit(request)
        with os.fdopen(file, "rb") as source:
            made = _work(request, source)
        _write(answer, made)
        os.close(answer)  # the server need not wait until this process is taken down
        status = 0
    os._exit(status)


def _limit(request: dict[str, Any]) -> None:
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
        resource.RLIMIT_NOFILE: 0,
    }
    for kind, value in limits.items():
        resource.setrlimit(kind, (value, value))


def _work(request: dict[str, Any], source: BinaryIO) -> bytes:
    if request["task"] in ("clean", "join", "compress"):
        from portal.pdf.making import make  # loaded before the fork, or the child ends here

        return make(request, source)
    content = source.read()
    if request["task"] == "draw_part":
        return OK + draw_part(content, request["page"], Box(*request["box"]), request["width"])
    if request["task"] == "draw":
        return OK + draw(content, request["page"], request["width"])
    if request["task"] == "measure":
        return OK + json.dumps(shapes_to_json(measure(content))).encode()
    if request["task"] == "look":
        from portal.pdf.look import look  # as above

        return OK + json.dumps(look(content, request["form_pages"]).to_json()).encode()
    if request["task"] == "arrange":
        from portal.pdf.arrange import arrange  # as above

        return OK + arrange(content, request["pages"])
    if request["task"] == "attachment":
        try:
            return OK + kind_of_attachment(content).encode()
        except AttachmentRefused as unwanted:
            return REFUSED + json.dumps([unwanted.reason, unwanted.found]).encode()
    try:
        found = inspect(content)
    except ScanRefused as refused:
        return REFUSED + json.dumps(refused.refusal.to_json()).encode()
    return OK + json.dumps(asdict(found)).encode()


def _write(answer: int, content: bytes) -> None:
    view = memoryview(content)
    while view:
        view = view[os.write(answer, view) :]


def _load_everything() -> None:
    """Import and run once what the parsers load lazily: a child can open no file.

    What pypdf can't load it steps over: a codec that is missing hides the rest of an object, the
    pages or a script. So every codec and every module of pypdf is here before the first file.
    """
    Image.init()
    import encodings

    import pypdf
    from pypdf import PdfWriter

    for codec in pkgutil.iter_modules(encodings.__path__):
        with contextlib.suppress(LookupError):  # a module of another system's, or no codec
            codecs.lookup(codec.name)
    for module in pkgutil.walk_packages(pypdf.__path__, "pypdf."):
        with contextlib.suppress(ImportError):  # for a library that is not the one we have
            importlib.import_module(module.name)
    from pypdf._crypt_providers import crypt_provider

    assert crypt_provider
    writer = PdfWriter()
    writer.add_blank_page(72, 72)
    import io

    sample = io.BytesIO()
    writer.encrypt("", algorithm="AES-256")
    writer.write(sample)
    with contextlib.suppress(ScanRefused):
        inspect(sample.getvalue())  # a blank page is no scan
    sheet = io.BytesIO()
    with zipfile.ZipFile(sheet, "w", zipfile.ZIP_DEFLATED) as archive:
        for name in ("[Content_Types].xml", "xl/workbook.xml"):
            archive.writestr(name, "<a/>")
    kind_of_attachment(sheet.getvalue())
    draw(sample.getvalue(), 0, 100)
    draw_part(sample.getvalue(), 0, Box(0, 0, 500, 500), 100)
    measure(sample.getvalue())


def _load_look() -> None:
    """Look once at a drawn form, for what numpy and the checks load lazily."""
    import io

    from PIL import ImageDraw

    from portal.pdf.look import look
    from portal.pdf.ocr import load_reader

    load_reader()
    picture = Image.new("RGB", (600, 850), (240, 236, 228))
    pen = ImageDraw.Draw(picture)
    for top in range(80, 700, 20):
        pen.text((60, top), "8 6 0 9 portal " * 5, (40, 40, 50))
    pen.ellipse((350, 600, 480, 730), outline=(200, 30, 40), width=6)
    pen.text((290, 790), "- 3 -", (40, 40, 50))
    sample = io.BytesIO()
    picture.save(sample, "PDF", save_all=True, append_images=[picture])
    look(sample.getvalue(), 2)


def _load_make() -> None:
    """Make a file once, for what writing loads lazily."""
    import io

    from portal.pdf.arrange import arrange
    from portal.pdf.making import make_once

    make_once()
    sample = io.BytesIO()
    Image.new("L", (60, 85), 200).save(sample, "PDF")
    arrange(sample.getvalue(), [(0, 1)])


if __name__ == "__main__":
    main()
