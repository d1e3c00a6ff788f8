#!/usr/bin/env python3
"""An outside tuner: evolution by small changes, with Python's standard library alone.

The best configurations so far are parents; a child is a copy of one of them with some of its parameters moved a little.
Every draw depends on the study's seed, the trial and the observations alone, so that a study that was stopped goes on as if it had not been.
"""
import json
import math
import random
import sys


def fits(x, spec):
    """x inside the bounds and on the steps of a `float` or `normal` parameter."""
    if "low" in spec:
        x = min(max(x, spec["low"]), spec["high"])
    return round(x / spec["q"]) * spec["q"] if "q" in spec else x


def fresh(spec, rng):
    """A value as the matrix would have it drawn."""
    if spec["type"] == "choice":
        return rng.choices(spec["values"], spec["weights"])[0]
    if spec["type"] == "ordered":
        return rng.choice(spec["values"])
    to, back = (math.log, math.exp) if spec["log"] else (float, float)
    if spec["type"] == "normal":
        return fits(back(rng.gauss(spec["loc"], spec["scale"])), spec)
    return fits(back(rng.uniform(to(spec["low"]), to(spec["high"]))), spec)


def moved(value, spec, width, rng):
    """A neighbour of `value`: a step of about `width` of the parameter's range."""
    if spec["type"] == "choice":
        return fresh(spec, rng)
    if spec["type"] == "ordered":
        values = spec["values"]
        if value not in values:  # a starting point between the listed ones
            return fresh(spec, rng)
        step = round(rng.gauss(0, width * len(values))) or rng.choice([-1, 1])
        return values[min(max(values.index(value) + step, 0), len(values) - 1)]
    to, back = (math.log, math.exp) if spec["log"] and value > 0 else (float, float)
    span = 4 * spec["scale"] if spec["type"] == "normal" else to(spec["high"]) - to(spec["low"])
    return fits(back(to(value) + rng.gauss(0, width * span)), spec)


class Evolution:
    def __init__(self):
        self.seen = []  # (resource, cost, params) of every job with a value

    def learn(self, asked):
        sign = -1 if asked["metric"]["optimization"] == "maximize" else 1
        for job in asked["observations"]:
            if job["value"] is not None:
                self.seen.append((job["resource"] or 0, sign * job["value"], job["params"]))

    def parents(self, count):
        """The best at the highest resource at which enough were tried."""
        for resource in sorted({resource for resource, _, _ in self.seen}, reverse=True):
            peers = sorted((job for job in self.seen if job[0] == resource), key=lambda job: job[1])
            if len(peers) >= 2 * count:
                return [params for _, _, params in peers[:count]]
        return []

    def suggest(self, asked, trial):
        settings, space = asked["params"], asked["space"]
        rng = random.Random("%s/%s" % (asked["seed"], trial))
        parents = self.parents(settings.get("parents", 3))
        if not parents or rng.random() < settings.get("fresh", 0.1):
            return {name: fresh(spec, rng) for name, spec in space.items()}
        child = {name: rng.choice(parents)[name] for name in space}
        for name in rng.sample(sorted(space), max(1, len(space) // 2)):
            child[name] = moved(child[name], space[name], settings.get("width", 0.15), rng)
        return child


def main():
    evolution = Evolution()
    for line in sys.stdin:
        asked = json.loads(line)
        if asked["version"] != 1 or asked["metric"] is None:
            sys.exit("evolve.py speaks version 1 of the protocol and needs a metric")
        evolution.learn(asked)
        suggestions = [evolution.suggest(asked, trial) for trial in asked["trials"]]
        print(json.dumps({"suggestions": suggestions}), flush=True)


main()
