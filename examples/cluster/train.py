"""Minimizes a function by gradient descent with momentum; stands for a training that continues from its checkpoint."""

import argparse
import json
import os

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, required=True)
parser.add_argument("--momentum", type=float, required=True)
parser.add_argument("--epochs", type=int, required=True)
args = parser.parse_args()

checkpoint = os.path.join(os.environ.get("HYPERTUNE_CHECKPOINT_DIR", "."), "state.json")
state = {"epoch": 0, "x": 5.0, "velocity": 0.0}
if os.path.exists(checkpoint):
    with open(checkpoint) as file:
        state = json.load(file)

while state["epoch"] < args.epochs:
    gradient = 2 * state["x"] + 1.5 * state["x"] ** 3 / 25
    state["velocity"] = args.momentum * state["velocity"] - args.lr * gradient
    state["x"] += state["velocity"]
    state["epoch"] += 1
    # Replaced at once, so that a job that is killed leaves a whole checkpoint.
    with open(checkpoint + ".new", "w") as file:
        json.dump(state, file)
    os.replace(checkpoint + ".new", checkpoint)
    print(json.dumps({"epochs": state["epoch"], "loss": min(state["x"] ** 2, 1e9)}), flush=True)
