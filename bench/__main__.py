"""``bin/bench NAME``."""

import argparse
import importlib

NAMES = ("upload", "pages", "city", "weight", "joining", "ocr", "fuzz")


def main() -> None:
    parser = argparse.ArgumentParser(prog="bin/bench")
    parser.add_argument("name", choices=NAMES)
    importlib.import_module(f"bench.{parser.parse_args().name}").main()


main()
