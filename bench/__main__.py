"""``bin/bench NAME``."""

import argparse
import importlib

NAMES = ("upload", "pages", "city", "weight", "joining", "quality", "look", "patterns")


def main() -> None:
    parser = argparse.ArgumentParser(prog="bin/bench")
    parser.add_argument("name", choices=NAMES)
    importlib.import_module(f"bench.{parser.parse_known_args()[0].name}").main()


main()
