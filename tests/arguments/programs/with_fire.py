import fire

from report import report

fire.Fire(lambda **values: report(values))
