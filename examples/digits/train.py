#!/usr/bin/env python3
"""A small neural network for handwritten digits, in Python's standard library alone (3.8 or later).

One hidden layer, minibatch gradient descent with momentum. Prints one JSON line per epoch. Where HYPERTUNE_CHECKPOINT_DIR is
set, the network is saved there after every epoch, and a later run in the same folder continues from it: training for 3 epochs
and then on to 9 gives bit for bit what 9 epochs in one go give.
"""

import argparse
import csv
import json
import math
import os
import random
from operator import mul
from pathlib import Path

CLASSES = 10
TRAIN, VALIDATION = 600, 300  # rows, after a shuffle that is always the same; the rest is the test set


def load(path):
    """Rows of 64 pixels scaled to [0, 1] and a leading 1 for the bias, and their labels."""
    with open(path, newline="") as file:
        rows = [[int(cell) for cell in row] for row in csv.reader(file)]
    random.Random(0).shuffle(rows)
    return [[1.0] + [pixel / 16 for pixel in row[:-1]] for row in rows], [row[-1] for row in rows]


def times(rows, columns):
    """The matrix product, its second factor given by columns."""
    return [[sum(map(mul, row, column)) for column in columns] for row in rows]


def transposed(rows):
    return list(zip(*rows))


class Network:
    """`hidden` weighs 64 pixels and a bias per hidden unit, `output` the hidden units and a bias per class."""

    def __init__(self, units, scale, rng):
        self.hidden = [[rng.gauss(0, scale / 8) for _ in range(65)] for _ in range(units)]
        self.output = [[rng.gauss(0, scale / math.sqrt(units)) for _ in range(units + 1)] for _ in range(CLASSES)]
        self.hidden_speed = [[0.0] * 65 for _ in range(units)]
        self.output_speed = [[0.0] * (units + 1) for _ in range(CLASSES)]

    def forward(self, images):
        """The hidden units' values (with the bias in front) and the log-probabilities of the classes, an image a row."""
        values = [[1.0] + [math.tanh(x) for x in row] for row in times(images, self.hidden)]
        return values, [log_softmax(row) for row in times(values, self.output)]

    def step(self, images, labels, args):
        """One step of gradient descent on the cross-entropy of a minibatch."""
        values, scores = self.forward(images)
        size = len(images)
        errors = [
            [(math.exp(score) - (label == k)) / size for k, score in enumerate(row)] for row, label in zip(scores, labels)
        ]
        back = times(errors, transposed(self.output))
        slopes = [[e * (1 - v * v) for e, v in zip(b[1:], h[1:])] for b, h in zip(back, values)]
        output_gradient = times(transposed(errors), transposed(values))
        hidden_gradient = times(transposed(slopes), transposed(images))
        move(self.output, self.output_speed, output_gradient, args)
        move(self.hidden, self.hidden_speed, hidden_gradient, args)

    def evaluate(self, images, labels):
        """Mean cross-entropy and accuracy."""
        _, scores = self.forward(images)
        loss = -sum(row[label] for row, label in zip(scores, labels)) / len(labels)
        right = sum(max(range(CLASSES), key=row.__getitem__) == label for row, label in zip(scores, labels))
        return loss, right / len(labels)


def log_softmax(row):
    top = max(row)
    log_sum = top + math.log(sum(math.exp(x - top) for x in row))
    return [x - log_sum for x in row]


def move(weights, speeds, gradients, args):
    """Momentum and weight decay, in place."""
    for i, (row, speed, gradient) in enumerate(zip(weights, speeds, gradients)):
        speed = [args.momentum * s - args.lr * (g + args.weight_decay * w) for s, g, w in zip(speed, gradient, row)]
        speeds[i] = speed
        weights[i] = [w + s for w, s in zip(row, speed)]


def save(path, epoch, network):
    """The file appears whole or not at all, whatever happens in between."""
    unfinished = path.with_suffix(".part")
    unfinished.write_text(json.dumps({"epoch": epoch, **vars(network)}))
    os.replace(unfinished, path)


def arguments():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--epochs", type=int, default=9, help="epochs in all, those of the checkpoint included")
    parser.add_argument("--lr", type=float, default=0.1)
    parser.add_argument("--batch_size", type=int, default=32)
    parser.add_argument("--hidden", type=int, default=12, help="hidden units")
    parser.add_argument("--momentum", type=float, default=0.5)
    parser.add_argument("--weight_decay", type=float, default=1e-4)
    parser.add_argument("--init_scale", type=float, default=1.0)
    parser.add_argument("--score", choices=["validation", "test"], default="validation", help="rows to score on")
    return parser.parse_args()


def main():
    args = arguments()
    seed = os.environ.get("HYPERTUNE_SEED", "0")
    folder = os.environ.get("HYPERTUNE_CHECKPOINT_DIR")
    checkpoint = Path(folder) / "network.json" if folder else None

    images, labels = load(Path(__file__).with_name("digits.csv"))
    held_out = slice(TRAIN, TRAIN + VALIDATION) if args.score == "validation" else slice(TRAIN + VALIDATION, None)
    network, done = Network(args.hidden, args.init_scale, random.Random(seed)), 0
    if checkpoint and checkpoint.exists():
        state = json.loads(checkpoint.read_text())
        done = state.pop("epoch")
        vars(network).update(state)

    def report(epoch):
        loss, accuracy = network.evaluate(images[held_out], labels[held_out])
        print(json.dumps({"epochs": epoch, "loss": round(loss, 5), "accuracy": round(accuracy, 5)}), flush=True)

    if done >= args.epochs:
        report(done)
    for epoch in range(done + 1, args.epochs + 1):
        order = random.Random(f"{seed}/{epoch}").sample(range(TRAIN), TRAIN)
        for start in range(0, TRAIN, args.batch_size):
            batch = order[start : start + args.batch_size]
            network.step([images[i] for i in batch], [labels[i] for i in batch], args)
        if checkpoint:
            save(checkpoint, epoch, network)
        report(epoch)


if __name__ == "__main__":
    main()
