"""The store: one suite for a folder and for S3 (moto's server on loopback)."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import textwrap
import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from portal.errors import StoreUnavailable
from portal.storage import MissingFile, Store, new_scan_key, open_store

LIMIT = 1000


@pytest.fixture(scope="session")
def bucket() -> Iterator[str]:
    import boto3
    from moto.server import ThreadedMotoServer

    server = ThreadedMotoServer(port=0, verbose=False)
    server.start()
    host, port = server.get_host_and_port()
    os.environ["AWS_ACCESS_KEY_ID"] = os.environ["AWS_SECRET_ACCESS_KEY"] = "test"
    boto3.client("s3", endpoint_url=f"http://{host}:{port}", region_name="us-east-1").create_bucket(
        Bucket="scans"
    )
    yield f"s3://scans/{{prefix}}?endpoint=http://{host}:{port}"
    server.stop()


@pytest.fixture(params=["local", "s3"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Store:
    if request.param == "local":
        return open_store(f"file://{tmp_path}/store", tmp_path / "incoming")
    url = request.getfixturevalue("bucket").format(prefix=tmp_path.name)
    return open_store(url, tmp_path / "incoming")


def keep(store: Store, content: bytes, key: str | None = None) -> str:
    key = key or new_scan_key()
    with store.receive(LIMIT) as incoming:
        incoming.write(content)
        store.keep(incoming, key)
    return key


def test_what_is_kept_is_read_again(store: Store) -> None:
    key = keep(store, b"0123456789")
    assert store.size(key) == 10
    with store.open(key) as file:
        assert file.read() == b"0123456789"
        file.seek(4)
        assert file.read(3) == b"456"
        assert file.seek(0, os.SEEK_END) == 10
    with store.local_copy(key) as path:
        assert path.read_bytes() == b"0123456789"


def test_hash_and_size_are_counted_on_the_way(store: Store) -> None:
    with store.receive(LIMIT) as incoming:
        incoming.write(b"abc")
        incoming.write(b"def")
        assert incoming.sha256 == hashlib.sha256(b"abcdef").hexdigest()
        assert (incoming.size, incoming.over_limit) == (6, False)


def test_beyond_the_limit_it_only_counts(store: Store) -> None:
    with store.receive(LIMIT) as incoming:
        for _ in range(5):
            incoming.write(bytes(400))
        assert (incoming.size, incoming.over_limit) == (2000, True)
        incoming.finish()
        assert incoming.path.stat().st_size == LIMIT + 1


def test_the_limit_itself_is_not_over(store: Store) -> None:
    with store.receive(LIMIT) as incoming:
        incoming.write(bytes(LIMIT))
        assert not incoming.over_limit


def test_what_is_not_kept_is_gone(store: Store) -> None:
    with store.receive(LIMIT) as incoming:
        incoming.write(b"x")
        path = incoming.path
        assert path.exists()
    assert not path.exists()


def test_a_key_is_given_once(store: Store) -> None:
    key = keep(store, b"first")
    with pytest.raises((FileExistsError, StoreUnavailable)):
        keep(store, b"second", key)
    with store.open(key) as file:
        assert file.read() == b"first"


def test_deleting_twice_is_fine(store: Store) -> None:
    key = keep(store, b"x")
    store.delete(key)
    store.delete(key)
    assert store.size(key) is None
    with pytest.raises(MissingFile):
        store.open(key).read()


def test_derived_files_are_replaced_whole(store: Store) -> None:
    store.put("pages/ab/abc/1000/1.jpg", b"one")
    store.put("pages/ab/abc/1000/1.jpg", b"two")
    with store.open("pages/ab/abc/1000/1.jpg") as file:
        assert file.read() == b"two"


def test_keys_are_listed_with_size_and_time(store: Store) -> None:
    key = keep(store, b"12345")
    store.put("pages/ab/abc/1000/1.jpg", b"j")
    (found,) = list(store.keys("scans/"))
    assert (found.key, found.size) == (key, 5)
    assert abs(datetime.now(UTC) - found.modified) < timedelta(minutes=1)


def test_a_file_that_goes_while_keys_are_read_is_no_fault(store: Store) -> None:
    """A worker removes the parts of a report while the sweep or ``flask fsck`` lists them."""
    for page in range(3):
        store.put(f"pages/ab/abc/1000/{page}.jpg", b"j")
    listing = store.keys("pages/")
    met = {next(listing).key}
    for page in range(3):
        store.delete(f"pages/ab/abc/1000/{page}.jpg")
    met |= {file.key for file in listing}
    assert met <= {f"pages/ab/abc/1000/{page}.jpg" for page in range(3)}
    assert list(store.keys("pages/")) == []


@pytest.mark.parametrize(
    "key",
    [
        "../x",
        "/etc/passwd",
        "scans/../x",
        "scans/a\x00b",
        "scans\\x",
        "scans//x",
        "other/x",
        "",
        "scans/",
    ],
)
def test_a_key_of_another_form_is_refused(store: Store, key: str) -> None:
    with pytest.raises(ValueError, match="not a storage"):
        store.open(key)
    with pytest.raises(ValueError, match="not a storage"):
        store.put(key, b"x")


def test_a_prefix_of_another_form_is_refused(store: Store) -> None:
    with pytest.raises(ValueError, match="not a storage"):
        list(store.keys("../"))


def test_a_check_leaves_nothing(store: Store) -> None:
    store.check()
    assert list(store.keys("pages/")) == []


def test_what_was_half_received_is_swept(store: Store) -> None:
    left = store.receive(LIMIT)
    left.write(b"half")
    now = datetime.now(UTC)
    assert store.sweep_incoming(timedelta(hours=1), now) == 0
    assert store.sweep_incoming(timedelta(hours=1), now + timedelta(hours=2)) == 1
    assert not left.path.exists()


def test_receiving_may_end_while_what_was_left_is_swept(store: Store) -> None:
    now = datetime.now(UTC)
    ended = threading.Event()

    def receives() -> None:
        for _ in range(2000):
            store.receive(LIMIT).discard()
        ended.set()

    receiving = threading.Thread(target=receives)
    receiving.start()
    while not ended.is_set():
        assert store.sweep_incoming(timedelta(hours=1), now) == 0
    receiving.join()


def test_a_link_is_not_followed(tmp_path: Path) -> None:
    store = open_store(f"file://{tmp_path}/store", tmp_path)
    key = keep(store, b"x")
    path = tmp_path / "store" / key
    path.unlink()
    path.symlink_to("/etc/passwd")
    with pytest.raises(OSError, match="symbolic"):
        store.open(key)


def test_files_are_nobody_elses(tmp_path: Path) -> None:
    store = open_store(f"file://{tmp_path}/store", tmp_path)
    path = tmp_path / "store" / keep(store, b"x")
    assert path.stat().st_mode & 0o077 == 0
    assert path.parent.stat().st_mode & 0o077 == 0


def test_a_full_disk_is_said_so(tmp_path: Path) -> None:
    """RLIMIT_FSIZE stands for the full disk: the kernel refuses to write on, with EFBIG."""
    code = textwrap.dedent(
        f"""
        import resource, signal
        from pathlib import Path
        from portal.errors import StoreUnavailable
        from portal.storage import open_store
        store = open_store("file://{tmp_path}/store", Path("{tmp_path}"))
        signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
        resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
        try:
            with store.receive(10_000) as incoming:
                incoming.write(bytes(5000))
        except StoreUnavailable:
            print("unavailable", len(list(Path("{tmp_path}/store/incoming").iterdir())))
        """
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.stdout.split() == ["unavailable", "0"], done.stderr


def test_an_away_bucket_is_said_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "x")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "x")
    store = open_store("s3://scans/x?endpoint=http://127.0.0.1:9", tmp_path / "incoming")
    with pytest.raises(StoreUnavailable):
        store.check()


def test_a_kill_while_receiving_leaves_only_what_is_swept(tmp_path: Path) -> None:
    code = textwrap.dedent(
        f"""
        import os, signal
        from pathlib import Path
        from portal.storage import open_store
        store = open_store("file://{tmp_path}/store", Path("{tmp_path}"))
        incoming = store.receive(10_000)
        incoming.write(bytes(5000))
        os.kill(os.getpid(), signal.SIGKILL)
        """
    )
    done = subprocess.run([sys.executable, "-c", code], check=False)
    assert done.returncode == -signal.SIGKILL
    store = open_store(f"file://{tmp_path}/store", tmp_path)
    assert list(store.keys("scans/")) == []
    assert store.sweep_incoming(timedelta(0), datetime.now(UTC) + timedelta(seconds=1)) == 1
