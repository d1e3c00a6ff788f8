"""A small network on scikit-learn's digits with PyTorch Lightning, which logs to CSV files."""

import argparse

import lightning as L
import torch
from lightning.pytorch.loggers import CSVLogger
from sklearn.datasets import load_digits
from torch.nn.functional import cross_entropy
from torch.utils.data import DataLoader, TensorDataset, random_split


class Digits(L.LightningModule):
    def __init__(self, lr, hidden, amsgrad):
        super().__init__()
        self.save_hyperparameters()
        self.net = torch.nn.Sequential(torch.nn.Linear(64, hidden), torch.nn.ReLU(), torch.nn.Linear(hidden, 10))

    def training_step(self, batch, _):
        x, y = batch
        loss = cross_entropy(self.net(x), y)
        self.log("train_loss", loss)
        return loss

    def validation_step(self, batch, _):
        x, y = batch
        logits = self.net(x)
        self.log("val_loss", cross_entropy(logits, y))
        self.log("val_acc", (logits.argmax(1) == y).float().mean())

    def configure_optimizers(self):
        return torch.optim.Adam(self.parameters(), lr=self.hparams.lr, amsgrad=self.hparams.amsgrad)


parser = argparse.ArgumentParser()
parser.add_argument("--lr", type=float, default=1e-3)
parser.add_argument("--hidden", type=int, default=32)
parser.add_argument("--amsgrad", action=argparse.BooleanOptionalAction, default=False)
parser.add_argument("--max_epochs", type=int, default=3)
parser.add_argument("--log-dir", default="logs")
args = parser.parse_args()

L.seed_everything(0)
X, y = load_digits(return_X_y=True)
data = TensorDataset(torch.tensor(X / 16, dtype=torch.float32), torch.tensor(y))
train, valid = random_split(data, [1297, 500])
trainer = L.Trainer(
    max_epochs=args.max_epochs,
    accelerator="cpu",
    logger=CSVLogger(args.log_dir, name="", version=""),
    enable_checkpointing=False,
    log_every_n_steps=10,
)
trainer.fit(Digits(args.lr, args.hidden, args.amsgrad), DataLoader(train, 32, shuffle=True), DataLoader(valid, 500))
