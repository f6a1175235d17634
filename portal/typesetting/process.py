"""The typesetter's own process: has WeasyPrint and the fonts loaded.

Its children read fonts, and nothing else: no network, no file that grows, and whatever a document
refers to is refused (``weasy.OwnPictures``).
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import chain
from mmap import ACCESS_READ, mmap
from typing import Any, BinaryIO

from portal.forking.server import Children, serve
from portal.forking.wire import OK
from portal.typesetting.weasy import typeset
from portal.typesetting.whole import join
from portal.typesetting.wire import asked_of


def main() -> None:
    """Typeset once for what is loaded lazily, and serve."""
    typeset(
        '<html lang="zh-CN"><title>报表</title><style>@page{@bottom-center{content:counter(page)}}'
        '</style><h1 id="a">一</h1><table><thead><tr><th>编号<tbody><tr><td>2020</table></html>',
        tagged=True,
    )
    # A child lives for one document: collecting costs a third of its time and frees little.
    serve(Children(_work, opens_files=True, collects_garbage=False))


def _work(request: dict[str, Any], source: BinaryIO) -> Iterable[bytes]:
    if request["task"] == "part":
        return [OK + typeset(source.read().decode(), tagged=request["tagged"])]
    # Looked at where it lies: read here, a large whole would be held twice.
    content = mmap(source.fileno(), 0, access=ACCESS_READ)
    return chain([OK], join(content, **asked_of(content)))


if __name__ == "__main__":
    main()
