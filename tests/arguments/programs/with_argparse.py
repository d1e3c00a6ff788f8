import argparse

from report import TEXTS, report

parser = argparse.ArgumentParser()
parser.add_argument("--flag", action="store_true")
parser.add_argument("--switch", action=argparse.BooleanOptionalAction)
parser.add_argument("--plain", type=bool)
parser.add_argument("--lr", type=float)
parser.add_argument("--bias", type=float)
parser.add_argument("--count", type=int)
parser.add_argument("--batch_size", type=int, choices=[16, 64])
parser.add_argument("--floats", nargs="+", type=float)
parser.add_argument("--ints", nargs="*", type=int)
parser.add_argument("--words", action="append")
parser.add_argument("--maybe", type=float)
for name in TEXTS:
    parser.add_argument("--" + name)
report(vars(parser.parse_args()))
