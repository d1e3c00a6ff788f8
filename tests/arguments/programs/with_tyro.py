import dataclasses
from typing import List, Optional

import tyro

from report import TEXTS, report

fields = [
    ("flag", bool, False),
    ("switch", bool, True),
    ("plain", tyro.conf.FlagConversionOff[bool], False),
    ("lr", float, 0.0),
    ("bias", float, 0.0),
    ("count", int, 0),
    ("batch_size", int, 0),
    ("floats", List[float], dataclasses.field(default_factory=list)),
    ("ints", List[int], dataclasses.field(default_factory=list)),
    ("words", List[str], dataclasses.field(default_factory=list)),
    ("maybe", Optional[float], 0.5),
]
Options = dataclasses.make_dataclass("Options", fields + [(name, str, "") for name in TEXTS])
report(dataclasses.asdict(tyro.cli(Options)))
