from typing import List, Optional

from jsonargparse import ArgumentParser

from report import TEXTS, report

parser = ArgumentParser()
parser.add_argument("--flag", type=bool)
parser.add_argument("--switch", type=bool)
parser.add_argument("--plain", type=bool)
parser.add_argument("--lr", type=float)
parser.add_argument("--bias", type=float)
parser.add_argument("--count", type=int)
parser.add_argument("--batch_size", type=int)
parser.add_argument("--floats", type=List[float])
parser.add_argument("--ints", type=List[int])
parser.add_argument("--words", type=List[str])
parser.add_argument("--maybe", type=Optional[float], default=0.5)
for name in TEXTS:
    parser.add_argument("--" + name, type=str)
report(vars(parser.parse_args()))
