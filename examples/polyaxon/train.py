#!/usr/bin/env python3
"""A stand-in for a real training, in Python's standard library: it descends a noisy valley that the parameters shape.

It takes the documented operation's arguments. The number of steps comes as `--num_steps`, or, where the command does not pass
it (as in the documented example), from HYPERTUNE_RESOURCE.
"""

import argparse
import json
import os
import random

parser = argparse.ArgumentParser()
parser.add_argument("--num_steps", type=int, default=int(os.environ.get("HYPERTUNE_RESOURCE", 81)))
parser.add_argument("--batch-size", type=int, default=128)
parser.add_argument("--lr", type=float, default=0.1)
parser.add_argument("--dropout", type=float, default=0.25)
parser.add_argument("--activation", choices=["relu", "sigmoid"], default="relu")
args = parser.parse_args()

noise = random.Random(os.environ.get("HYPERTUNE_SEED", "0"))
curvature = {"relu": 1.0, "sigmoid": 0.25}[args.activation]
floor = 0.1 + 0.4 * abs(args.dropout - 0.25) + 0.15 * (args.activation == "sigmoid")
distance = 1.0
for step in range(1, args.num_steps + 1):
    gradient = curvature * distance + noise.gauss(0, 1) / args.batch_size**0.5
    distance -= 0.2 * args.lr * gradient
    loss = floor + 0.5 * curvature * distance * distance
    print(json.dumps({"num_steps": step, "loss": loss, "accuracy": 1 / (1 + loss)}))
