"""Trains a small network on points in three spirals. Its only argument is a configuration file in JSON or TOML."""

import json
import math
import random
import sys


def read_config(path):
    with open(path, "rb") as file:
        if path.endswith(".toml"):
            import tomllib  # Python 3.11

            return tomllib.load(file)
        return json.load(file)


def spirals(classes, noise, count, rng):
    points = []
    for label in range(classes):
        for i in range(count):
            radius = 0.1 + 0.9 * i / count
            angle = 3 * radius + 2 * math.pi * label / classes + rng.gauss(0, noise) * radius
            points.append(((radius * math.cos(angle), radius * math.sin(angle)), label))
    rng.shuffle(points)
    return points


class Network:
    def __init__(self, hidden, activation, classes, rng):
        self.first = [[rng.gauss(0, 1) for _ in range(3)] for _ in range(hidden)]
        self.second = [[rng.gauss(0, 0.5) for _ in range(hidden + 1)] for _ in range(classes)]
        self.speed = [[[0.0] * len(row) for row in layer] for layer in (self.first, self.second)]
        self.activation = activation

    def forward(self, x):
        sums = [w[0] * x[0] + w[1] * x[1] + w[2] for w in self.first]
        if self.activation == "tanh":
            hidden = [math.tanh(s) for s in sums]
            slopes = [1 - h * h for h in hidden]
        else:
            hidden = [max(0.0, s) for s in sums]
            slopes = [float(s > 0) for s in sums]
        scores = [sum(w * h for w, h in zip(row, hidden)) + row[-1] for row in self.second]
        top = max(scores)
        exps = [math.exp(s - top) for s in scores]
        return hidden, slopes, [e / sum(exps) for e in exps]

    def train(self, batch, lr, momentum):
        grads = [[[0.0] * len(row) for row in layer] for layer in (self.first, self.second)]
        loss = 0.0
        for x, label in batch:
            hidden, slopes, shares = self.forward(x)
            loss -= math.log(max(shares[label], 1e-12))
            errors = [share - (k == label) for k, share in enumerate(shares)]
            for k, error in enumerate(errors):
                for j, h in enumerate(hidden + [1.0]):
                    grads[1][k][j] += error * h
            for j, slope in enumerate(slopes):
                back = slope * sum(error * row[j] for error, row in zip(errors, self.second))
                for i, value in enumerate((x[0], x[1], 1.0)):
                    grads[0][j][i] += back * value
        for layer, speed, grad in zip((self.first, self.second), self.speed, grads):
            for row, speeds, slopes in zip(layer, speed, grad):
                for i, slope in enumerate(slopes):
                    speeds[i] = momentum * speeds[i] - lr * slope / len(batch)
                    row[i] += speeds[i]
        return loss


def main():
    config = read_config(sys.argv[1])
    rng = random.Random(1)
    data = config["data"]
    train = spirals(data["classes"], data["noise"], 100, rng)
    valid = spirals(data["classes"], data["noise"], 60, rng)
    network = Network(config["model"]["hidden"], config["model"]["activation"], data["classes"], rng)
    size = config["training"]["batch_size"]
    for epoch in range(1, config["training"]["epochs"] + 1):
        if config["training"]["shuffle"]:
            rng.shuffle(train)
        batches = [train[at : at + size] for at in range(0, len(train), size)]
        loss = sum(network.train(batch, **config["optimizer"]) for batch in batches) / len(train)
        correct = 0
        for x, label in valid:
            shares = network.forward(x)[2]
            correct += shares.index(max(shares)) == label
        print(f"epoch {epoch} | loss {loss:.4f} | valid_acc {correct / len(valid):.4f}", flush=True)


if __name__ == "__main__":
    main()
