"""``bin/bench NAME [OPTIONS]``."""

import argparse
import importlib
import sys

NAMES = (
    "upload",
    "pages",
    "city",
    "progress",
    "weight",
    "joining",
    "quality",
    "look",
    "patterns",
    "ocr",
    "fuzz",
    "jobs",
    "reports",
    "archives",
    "identity_answers",
    "phone",
)


def main() -> None:
    parser = argparse.ArgumentParser(prog="bin/bench")
    parser.add_argument("name", choices=NAMES)
    chosen, options = parser.parse_known_args()
    sys.argv[1:] = options
    importlib.import_module(f"bench.{chosen.name}").main()


main()
