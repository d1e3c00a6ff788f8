#!/usr/bin/env python3
"""An outside tuner: an Optuna sampler proposes (pip install optuna).

`params` of the matrix's tuner: `sampler`, a class of optuna.samplers (TPESampler by default), and `options`, its arguments.
Optuna's study is made anew for every question, from the observations alone, so that a study that was stopped goes on as if it had not
been. A trial counts as complete with its value at full resource, as pruned with a value at less, and as running before that.
"""
import json
import math
import statistics
import sys

try:
    import optuna
    from optuna.distributions import CategoricalDistribution, FloatDistribution, IntDistribution
    from optuna.trial import TrialState
except ImportError as error:
    sys.exit("optuna cannot be imported (%s): pip install optuna, for the python that runs this tuner" % error)

NORMAL = statistics.NormalDist()


class Parameter:
    """A parameter as Optuna sees it: an index, a number of steps, a number, or a place under the normal curve."""

    def __init__(self, spec):
        self.spec = spec
        kind, q = spec["type"], spec.get("q")
        if kind == "choice":
            self.distribution = CategoricalDistribution(range(len(spec["values"])))
        elif kind == "ordered":
            self.distribution = IntDistribution(0, len(spec["values"]) - 1)
        elif kind == "normal":
            self.distribution = FloatDistribution(1e-6, 1 - 1e-6)
        elif q:
            low, high = round(spec["low"] / q), round(spec["high"] / q)
            self.distribution = IntDistribution(low, high, log=spec["log"] and low >= 1)
        else:
            self.distribution = FloatDistribution(spec["low"], spec["high"], log=spec["log"])

    def value(self, inner):
        """What hypertune reads."""
        spec, q = self.spec, self.spec.get("q")
        if "values" in spec:
            return spec["values"][inner]
        if spec["type"] == "normal":
            x = spec["loc"] + spec["scale"] * NORMAL.inv_cdf(inner)
            x = math.exp(x) if spec["log"] else x
            return round(x / q) * q if q else x
        return inner * q if q else inner

    def inner(self, value):
        """The inverse; None for a value that is not listed."""
        spec, q = self.spec, self.spec.get("q")
        if "values" in spec:
            return spec["values"].index(value) if value in spec["values"] else None
        if spec["type"] == "normal":
            x = math.log(max(value, 1e-300)) if spec["log"] else value
            return min(max(NORMAL.cdf((x - spec["loc"]) / spec["scale"]), 1e-6), 1 - 1e-6)
        return round(value / q) if q else min(max(value, spec["low"]), spec["high"])


class Memory:
    """What is known of every trial: (params, resource, value, status)."""

    def __init__(self):
        self.trials = {}
        self.earlier = 0

    def learn(self, observations):
        for job in observations:
            name = job["trial"]
            if name is None:  # a job of an earlier study
                self.earlier += 1
                name = -self.earlier
            self.trials[name] = (job["params"], job["resource"], job["value"], job["status"])

    def study(self, asked, space):
        """Everything that is known, as Optuna keeps it."""
        metric = asked["metric"] or {"optimization": "minimize"}
        study = optuna.create_study(direction=metric["optimization"], sampler=optuna.samplers.RandomSampler())
        distributions = {name: parameter.distribution for name, parameter in space.items()}
        for params, resource, value, status in self.trials.values():
            inner = {name: parameter.inner(params[name]) for name, parameter in space.items()}
            if None not in inner.values():
                how = state(resource, value, status, asked["maxResource"])
                study.add_trial(optuna.trial.create_trial(params=inner, distributions=distributions, **how))
        return study, distributions


def state(resource, value, status, full):
    """A trial's state, and what goes with it."""
    if value is None:
        return {"state": TrialState.RUNNING if status == "running" else TrialState.FAIL}
    if status == "succeeded" and (resource is None or resource >= full):
        return {"state": TrialState.COMPLETE, "value": value}
    return {"state": TrialState.PRUNED, "intermediate_values": {max(1, round(resource or 1)): value}}


def suggest(asked, memory):
    settings = asked["params"]
    sampler = getattr(optuna.samplers, settings.get("sampler", "TPESampler"))
    space = {name: Parameter(spec) for name, spec in asked["space"].items()}
    study, distributions = memory.study(asked, space)
    suggestions = []
    for trial in asked["trials"]:
        study.sampler = sampler(seed=(asked["seed"] + 7919 * trial) % 2**32, **settings.get("options", {}))
        inner = study.ask(distributions).params
        params = {name: parameter.value(inner[name]) for name, parameter in space.items()}
        memory.trials[trial] = (params, None, None, "running")
        suggestions.append(params)
    return suggestions


def main():
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    memory = Memory()
    for line in sys.stdin:
        asked = json.loads(line)
        if asked["version"] != 1:
            sys.exit("optuna_tuner.py speaks version 1 of the protocol, not %s" % asked["version"])
        memory.learn(asked["observations"])
        print(json.dumps({"suggestions": suggest(asked, memory)}), flush=True)


try:
    main()
except ImportError as error:
    sys.exit("this sampler needs more than optuna (%s): install it for the python that runs this tuner" % error)
