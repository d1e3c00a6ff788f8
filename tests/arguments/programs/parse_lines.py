"""Parses the command lines in stdin with argparse, one JSON object a line, and prints what was received."""

import argparse
import json
import sys

ACTIONS = {
    "text": {},
    "int": {"type": int},
    "float": {"type": float},
    "flag": {"action": "store_true"},
    "no-flag": {"action": argparse.BooleanOptionalAction},
    "empty": {"type": bool},
    "ints": {"nargs": "*", "type": int},
    "floats": {"nargs": "*", "type": float},
    "texts": {"action": "append"},
}

for line in sys.stdin:
    case = json.loads(line)
    parser = argparse.ArgumentParser()
    for name, kind in case["options"]:
        parser.add_argument("--" + name, dest=name, **ACTIONS[kind])
    print(json.dumps(vars(parser.parse_args(case["argv"]))))
