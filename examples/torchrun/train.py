"""Linear regression on two processes with torch.distributed; only rank 0 prints."""

import argparse

import torch
import torch.distributed as dist
from torch.nn.parallel import DistributedDataParallel

parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, default=0.1)
parser.add_argument("--momentum", type=float, default=0.0)
parser.add_argument("--epochs", type=int, default=3)
args = parser.parse_args()

dist.init_process_group("gloo")
rank, world = dist.get_rank(), dist.get_world_size()
torch.manual_seed(0)
X = torch.randn(512, 8)
y = X @ torch.arange(8.0) + 0.1 * torch.randn(512)
model = DistributedDataParallel(torch.nn.Linear(8, 1))
optimizer = torch.optim.SGD(model.parameters(), lr=args.lr, momentum=args.momentum)
for epoch in range(1, args.epochs + 1):
    for start in range(rank * 32, 512, world * 32):
        loss = torch.nn.functional.mse_loss(model(X[start : start + 32]).squeeze(1), y[start : start + 32])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
    total = torch.nn.functional.mse_loss(model.module(X).squeeze(1), y).detach()
    if rank == 0:
        print(f"epoch={epoch} mse={total.item():.6f}", flush=True)
dist.destroy_process_group()
