#!/usr/bin/env python3
"""A small convolutional network on the handwritten digits of ../digits, on a GPU where there is one.

The resource is the number of epochs. A checkpoint in HYPERTUNE_CHECKPOINT_DIR lets a promoted trial go on where it stood.
"""

import argparse
import json
import os
from pathlib import Path

import numpy as np
import torch
from torch import nn
from torch.nn import functional as F

DATA = Path(__file__).parent.parent / "digits" / "digits.csv"
TRAIN, VALIDATION = 1000, 400  # rows


def load(device):
    rows = torch.from_numpy(np.loadtxt(DATA, delimiter=",", dtype=np.float32)).to(device)
    images, labels = rows[:, :64].reshape(-1, 1, 8, 8) / 16, rows[:, 64].long()
    held_out = slice(TRAIN, TRAIN + VALIDATION)
    return (images[:TRAIN], labels[:TRAIN]), (images[held_out], labels[held_out])


def network(channels, dropout):
    return nn.Sequential(
        nn.Conv2d(1, channels, 3, padding=1),
        nn.BatchNorm2d(channels),
        nn.ReLU(),
        nn.MaxPool2d(2),
        nn.Conv2d(channels, 2 * channels, 3, padding=1),
        nn.ReLU(),
        nn.AdaptiveAvgPool2d(2),
        nn.Flatten(),
        nn.Dropout(dropout),
        nn.Linear(8 * channels, 10),
    )


def train_epoch(model, optimizer, images, labels, batch_size):
    model.train()
    for batch in torch.randperm(len(images)).to(images.device).split(batch_size):
        optimizer.zero_grad()
        F.cross_entropy(model(images[batch]), labels[batch]).backward()
        optimizer.step()


@torch.no_grad()
def evaluate(model, images, labels):
    model.eval()
    scores = model(images)
    return F.cross_entropy(scores, labels).item(), (scores.argmax(1) == labels).float().mean().item()


def save(path, **state):
    """The file appears whole or not at all."""
    unfinished = path.with_suffix(".part")
    torch.save(state, unfinished)
    os.replace(unfinished, path)


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--epochs", type=int, default=9)
    parser.add_argument("--lr", type=float, default=1e-3)
    parser.add_argument("--batch_size", type=int, default=32)
    parser.add_argument("--channels", type=int, default=8)
    parser.add_argument("--dropout", type=float, default=0.1)
    parser.add_argument("--weight_decay", type=float, default=1e-4)
    args = parser.parse_args()

    seed = int(os.environ.get("HYPERTUNE_SEED", 0)) % 2**63
    torch.manual_seed(seed)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    training, held_out = load(device)
    model = network(args.channels, args.dropout).to(device)
    optimizer = torch.optim.AdamW(model.parameters(), lr=args.lr, weight_decay=args.weight_decay)

    folder = os.environ.get("HYPERTUNE_CHECKPOINT_DIR")
    checkpoint = Path(folder) / "model.pt" if folder else None
    done = 0
    if checkpoint and checkpoint.exists():
        state = torch.load(checkpoint, map_location=device, weights_only=True)
        model.load_state_dict(state["model"])
        optimizer.load_state_dict(state["optimizer"])
        done = state["epoch"]

    def report(epoch):
        loss, accuracy = evaluate(model, *held_out)
        print(json.dumps({"epochs": epoch, "loss": loss, "accuracy": accuracy}), flush=True)

    if done >= args.epochs:
        report(done)
    for epoch in range(done + 1, args.epochs + 1):
        torch.manual_seed((seed + epoch) % 2**63)
        train_epoch(model, optimizer, *training, args.batch_size)
        if checkpoint:
            save(checkpoint, epoch=epoch, model=model.state_dict(), optimizer=optimizer.state_dict())
        report(epoch)


if __name__ == "__main__":
    main()
