"""Static files: hashed names, cached for good, compressed once at the start (WhiteNoise)."""

from __future__ import annotations

import gzip
import hashlib
from pathlib import Path

from flask import Flask
from whitenoise import WhiteNoise

TEXT_SUFFIXES = {".css", ".js", ".svg", ".txt"}


def serve_static(app: Flask) -> None:
    """Serve the static folder under hashed names, ``portal.css`` as ``portal.3f9a….css``.

    The hashed and gzipped copies lie in the instance folder, made anew when a file changed.
    """
    source = Path(app.static_folder or "")
    target = app.extensions["portal"].settings.instance / "static"
    target.mkdir(parents=True, exist_ok=True)
    names: dict[str, str] = {}
    for path in sorted(source.rglob("*")):
        if path.is_file():
            name = path.relative_to(source).as_posix()
            names[name] = _publish(path, name, target)
    app.extensions["portal.statics"] = names
    app.wsgi_app = WhiteNoise(  # type: ignore[method-assign]
        app.wsgi_app,
        root=str(target),
        prefix="static/",
        max_age=None,
        immutable_file_test=lambda _path, _url: True,
    )


def _publish(path: Path, name: str, target: Path) -> str:
    content = path.read_bytes()
    stem, dot, suffix = name.rpartition(".")
    hashed = f"{stem}.{hashlib.sha256(content).hexdigest()[:12]}{dot}{suffix}"
    published = target / hashed
    if not published.exists():
        published.parent.mkdir(parents=True, exist_ok=True)
        published.write_bytes(content)
        if path.suffix in TEXT_SUFFIXES:
            published.with_name(published.name + ".gz").write_bytes(gzip.compress(content, 9))
    return hashed
