"""Runs real training programs on tiny data and records what they print, byte for byte.

    python3 record.py NAME          runs one of them in this process
    python3 record.py --all FOLDER  runs each in a separate process with stdout and stderr piped, and
                                    writes FOLDER/NAME.stdout and FOLDER/NAME.stderr where there is output

CPU only. table.tsv gives the versions and the values that were read from the print-outs by eye.
"""
import os
import subprocess
import sys

os.environ.setdefault("KERAS_BACKEND", "jax")

RUNS = {}


def run(function):
    RUNS[function.__name__.replace("_", "-")] = function
    return function


def data(rows=120, classes=2):
    import numpy as np
    rng = np.random.default_rng(0)
    x = rng.normal(size=(rows, 4))
    return x, (x[:, 0] + 0.5 * rng.normal(size=rows) > 0).astype(int) if classes == 2 else x[:, 0] * 2 + x[:, 1]


# --- XGBoost

@run
def xgboost_train():
    import xgboost as xgb
    x, y = data()
    train, valid = xgb.DMatrix(x[:80], y[:80]), xgb.DMatrix(x[80:], y[80:])
    params = {"objective": "binary:logistic", "eval_metric": ["logloss", "auc"], "seed": 1}
    xgb.train(params, train, 4, evals=[(train, "train"), (valid, "validation")])


@run
def xgboost_sklearn():
    from xgboost import XGBRegressor
    x, y = data(classes=0)
    XGBRegressor(n_estimators=3).fit(x[:80], y[:80], eval_set=[(x[80:], y[80:])])


@run
def xgboost_cv():
    import xgboost as xgb
    x, y = data()
    xgb.cv({"objective": "binary:logistic"}, xgb.DMatrix(x, y), 3, nfold=3, metrics="logloss", verbose_eval=True, seed=1)


@run
def xgboost_every_second():
    import xgboost as xgb
    x, y = data(classes=0)
    train, valid = xgb.DMatrix(x[:80], y[:80]), xgb.DMatrix(x[80:], y[80:])
    xgb.train({"eval_metric": "mae"}, train, 6, evals=[(valid, "valid")], verbose_eval=2, early_stopping_rounds=2)


# --- LightGBM

@run
def lightgbm_train():
    import lightgbm as lgb
    x, y = data(classes=0)
    train = lgb.Dataset(x[:80], y[:80])
    lgb.train({"objective": "regression", "metric": "l2"}, train, 3, valid_sets=[lgb.Dataset(x[80:], y[80:], reference=train)],
              callbacks=[lgb.log_evaluation(1)])


@run
def lightgbm_two_sets():
    import lightgbm as lgb
    x, y = data()
    train = lgb.Dataset(x[:80], y[:80])
    valid = lgb.Dataset(x[80:], y[80:], reference=train)
    lgb.train({"objective": "binary", "metric": ["auc", "binary_logloss"], "verbosity": -1}, train, 3, valid_sets=[train, valid],
              valid_names=["train", "valid"], callbacks=[lgb.log_evaluation(1), lgb.early_stopping(2)])


@run
def lightgbm_cv():
    import lightgbm as lgb
    x, y = data()
    lgb.cv({"objective": "binary", "metric": "auc", "verbosity": -1}, lgb.Dataset(x, y), 3, nfold=3,
           callbacks=[lgb.log_evaluation(1)], seed=1)


# --- CatBoost

@run
def catboost_fit():
    from catboost import CatBoostClassifier
    x, y = data()
    CatBoostClassifier(iterations=4, train_dir="catboost", allow_writing_files=False, random_seed=1).fit(
        x[:80], y[:80], eval_set=(x[80:], y[80:]))


@run
def catboost_auc():
    from catboost import CatBoostClassifier
    x, y = data()
    CatBoostClassifier(iterations=4, eval_metric="AUC", allow_writing_files=False, random_seed=1, metric_period=2).fit(
        x[:80], y[:80], eval_set=(x[80:], y[80:]))


# --- scikit-learn

@run
def sklearn_mlp():
    from sklearn.neural_network import MLPClassifier
    x, y = data()
    MLPClassifier((4,), max_iter=5, verbose=True, random_state=1).fit(x, y)


@run
def sklearn_mlp_early_stopping():
    from sklearn.neural_network import MLPClassifier
    x, y = data()
    MLPClassifier((4,), max_iter=4, verbose=True, random_state=1, early_stopping=True).fit(x, y)


@run
def sklearn_sgd():
    from sklearn.linear_model import SGDClassifier
    x, y = data()
    SGDClassifier(max_iter=3, verbose=1, random_state=1, loss="log_loss").fit(x, y)


@run
def sklearn_grid_search():
    from sklearn.linear_model import Ridge
    from sklearn.model_selection import GridSearchCV
    x, y = data(classes=0)
    GridSearchCV(Ridge(), {"alpha": [0.1, 10.0]}, cv=2, verbose=3).fit(x, y)


@run
def sklearn_tsne():
    from sklearn.manifold import TSNE
    x, _ = data(60)
    TSNE(verbose=1, max_iter=300, random_state=1, perplexity=10).fit_transform(x)


@run
def sklearn_em():
    from sklearn.mixture import GaussianMixture
    x, _ = data(60)
    GaussianMixture(2, verbose=2, verbose_interval=1, random_state=1, max_iter=4).fit(x)


@run
def sklearn_report():
    from sklearn.linear_model import LogisticRegression
    from sklearn.metrics import accuracy_score, f1_score, log_loss
    x, y = data()
    model = LogisticRegression().fit(x[:80], y[:80])
    print("Accuracy: {:.2%}".format(accuracy_score(y[80:], model.predict(x[80:]))))
    print("f1 =", f1_score(y[80:], model.predict(x[80:])))
    print({"accuracy": accuracy_score(y[80:], model.predict(x[80:])), "log_loss": log_loss(y[80:], model.predict_proba(x[80:]))})


@run
def sklearn_numpy_scalars():
    import numpy as np
    from sklearn.metrics import mean_squared_error
    x, y = data(classes=0)
    mse = mean_squared_error(y, x[:, 0])
    print({"mse": mse, "rmse": np.sqrt(mse), "mae": np.float32(abs(y - x[:, 0]).mean())})


@run
def optuna_study():
    import optuna
    study = optuna.create_study(sampler=optuna.samplers.RandomSampler(seed=1))
    study.optimize(lambda trial: trial.suggest_float("x", 0, 1) ** 2, n_trials=2)
    print("Best value: {:.5f}".format(study.best_value))


# --- Keras

def keras_model(**compile_arguments):
    import keras
    keras.utils.set_random_seed(1)
    model = keras.Sequential([keras.layers.Input((4,)), keras.layers.Dense(1)])
    model.compile(loss="mse", metrics=["mae"], **compile_arguments)
    return model


@run
def keras_fit():
    x, y = data(classes=0)
    keras_model().fit(x, y, epochs=2, validation_split=0.25, batch_size=32)


@run
def keras_fit_verbose_2():
    x, y = data(classes=0)
    keras_model().fit(x, y, epochs=2, validation_split=0.25, verbose=2)


@run
def keras_evaluate():
    x, y = data(classes=0)
    model = keras_model()
    loss, mae = model.evaluate(x, y, batch_size=40)
    print("Test loss:", loss)
    print("Test mae:", mae)


@run
def keras_json_after_the_bar():
    import json
    import keras
    x, y = data(classes=0)
    class Report(keras.callbacks.Callback):
        def on_epoch_end(self, epoch, logs=None):
            print(json.dumps({"epoch": epoch + 1, **{k: float(v) for k, v in logs.items()}}))
    keras_model().fit(x, y, epochs=2, validation_split=0.25, callbacks=[Report()])


@run
def keras_checkpoint_message():
    import keras
    x, y = data(classes=0)
    keras_model().fit(x, y, epochs=2, validation_split=0.25, verbose=2, callbacks=[
        keras.callbacks.ModelCheckpoint("/tmp/keras_checkpoint.keras", save_best_only=True, verbose=1)])


@run
def keras_history():
    x, y = data(classes=0)
    history = keras_model().fit(x, y, epochs=2, validation_split=0.25, verbose=0)
    print({name: values[-1] for name, values in history.history.items()})


# --- PyTorch

def torch_net(report):
    import torch
    torch.manual_seed(1)
    x, y = data()
    x, y = torch.tensor(x, dtype=torch.float32), torch.tensor(y)
    net = torch.nn.Linear(4, 2)
    optimizer = torch.optim.SGD(net.parameters(), 0.5)
    for epoch in range(1, 4):
        optimizer.zero_grad()
        loss = torch.nn.functional.cross_entropy(net(x), y)
        loss.backward()
        optimizer.step()
        report(epoch, loss, (net(x).argmax(1) == y).sum(), len(y))


@run
def torch_mnist_style():
    def report(epoch, loss, correct, count):
        print("Train Epoch: {} [{}/{} ({:.0f}%)]\tLoss: {:.6f}".format(epoch, 120, 120, 100.0, loss.item()))
        print("\nTest set: Average loss: {:.4f}, Accuracy: {}/{} ({:.0f}%)\n".format(
            loss.item(), correct, count, 100.0 * correct / count))
    torch_net(report)


@run
def torch_tensor():
    torch_net(lambda epoch, loss, correct, count: print("epoch:", epoch, "loss:", loss, "accuracy:", correct / count))


@run
def torch_logging():
    import logging
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s:%(name)s: %(message)s")
    torch_net(lambda epoch, loss, correct, count: logging.info("epoch=%d loss=%.4f acc=%.3f", epoch, loss, correct / count))


@run
def torch_logging_json():
    import json
    import logging
    logging.basicConfig(level=logging.INFO)
    torch_net(lambda epoch, loss, correct, count: logging.info(json.dumps({"epoch": epoch, "loss": loss.item()})))


@run
def torch_loguru():
    from loguru import logger
    torch_net(lambda epoch, loss, correct, count: logger.info(f"epoch {epoch} | loss {loss:.4f} | val_loss={loss * 1.1:.4f}"))


@run
def torch_loguru_colours():
    from loguru import logger
    logger.remove()
    logger.add(sys.stdout, colorize=True)
    torch_net(lambda epoch, loss, correct, count: logger.opt(colors=True).info(f"epoch {epoch} <green>loss</green>: <red>{loss:.4f}</red>"))


@run
def torch_tqdm():
    from tqdm import tqdm
    import torch
    bar = tqdm(total=3, desc="training")
    def report(epoch, loss, correct, count):
        bar.set_postfix(loss=loss.item(), acc=f"{correct / count:.3f}")
        bar.update()
    torch_net(report)


@run
def torch_tqdm_stdout_json():
    from tqdm import tqdm
    import json
    bar = tqdm(total=3, file=sys.stdout)
    def report(epoch, loss, correct, count):
        bar.update()
        print(json.dumps({"epoch": epoch, "loss": loss.item()}))
    torch_net(report)


@run
def torch_nan():
    torch_net(lambda epoch, loss, correct, count: print(f"epoch {epoch}: loss={loss.item() if epoch < 3 else float('nan')}"))


@run
def torch_rich_table():
    from rich.console import Console
    from rich.table import Table
    table = Table(title="results")
    table.add_column("metric")
    table.add_column("value")
    def report(epoch, loss, correct, count):
        if epoch == 3:
            table.add_row("loss", f"{loss:.4f}")
            table.add_row("accuracy", f"{correct / count:.4f}")
    torch_net(report)
    Console(force_terminal=True, width=60).print(table)


@run
def torch_exponents():
    torch_net(lambda epoch, loss, correct, count: print(f"[{epoch}] loss -> {loss.item() * 1e-6:.3e} | tokens: {epoch * 1234567:,}"))


@run
def torch_json_indent():
    import json
    torch_net(lambda epoch, loss, correct, count: epoch == 3 and print(json.dumps({"loss": loss.item(), "n": count}, indent=2)))


@run
def torch_nested_json():
    import json
    torch_net(lambda epoch, loss, correct, count: print(json.dumps({"epoch": epoch, "val": {"loss": loss.item(), "acc": (correct / count).item()}})))


@run
def skorch_fit():
    import numpy as np
    import skorch
    import torch
    torch.manual_seed(1)
    x, y = data()
    skorch.NeuralNetClassifier(torch.nn.Linear(4, 2), criterion=torch.nn.CrossEntropyLoss, max_epochs=3, lr=0.1).fit(x.astype(np.float32), y)


@run
def skorch_checkpoint():
    import numpy as np
    import skorch
    import torch
    torch.manual_seed(1)
    x, y = data()
    skorch.NeuralNetClassifier(torch.nn.Linear(4, 2), criterion=torch.nn.CrossEntropyLoss, max_epochs=4, lr=2.0, callbacks=[
        skorch.callbacks.Checkpoint(dirname="/tmp/skorch_checkpoint", monitor="valid_loss_best")]).fit(x.astype(np.float32), y)


@run
def torch_table():
    print("epoch loss acc")
    torch_net(lambda epoch, loss, correct, count: print(epoch, loss.item(), (correct / count).item()))


@run
def torch_csv():
    import csv
    writer = csv.writer(sys.stdout)
    writer.writerow(["epoch", "loss", "acc"])
    torch_net(lambda epoch, loss, correct, count: writer.writerow([epoch, loss.item(), (correct / count).item()]))


@run
def ignite_evaluator():
    import torch
    from ignite.contrib.handlers import ProgressBar
    from ignite.engine import Events, create_supervised_evaluator, create_supervised_trainer
    from ignite.metrics import Accuracy, Loss
    torch.manual_seed(1)
    x, y = data()
    batches = [(torch.tensor(x, dtype=torch.float32), torch.tensor(y))]
    net, loss = torch.nn.Linear(4, 2), torch.nn.CrossEntropyLoss()
    trainer = create_supervised_trainer(net, torch.optim.SGD(net.parameters(), 0.5), loss)
    evaluator = create_supervised_evaluator(net, metrics={"accuracy": Accuracy(), "nll": Loss(loss)})
    @trainer.on(Events.EPOCH_COMPLETED)
    def report(engine):
        metrics = evaluator.run(batches).metrics
        print(f"Validation Results - Epoch[{engine.state.epoch}] Avg accuracy: {metrics['accuracy']:.2f} Avg loss: {metrics['nll']:.2f}")
    trainer.run(batches, max_epochs=2)


# --- Lightning

def lightning_parts():
    import lightning as L
    import torch
    L.seed_everything(1)
    x, y = data()
    x, y = torch.tensor(x, dtype=torch.float32), torch.tensor(y)
    loader = torch.utils.data.DataLoader(torch.utils.data.TensorDataset(x, y), batch_size=30)
    class Module(L.LightningModule):
        def __init__(self):
            super().__init__()
            self.net = torch.nn.Linear(4, 2)
        def step(self, batch):
            return torch.nn.functional.cross_entropy(self.net(batch[0]), batch[1])
        def training_step(self, batch, _):
            loss = self.step(batch)
            self.log("train_loss", loss, prog_bar=True)
            return loss
        def validation_step(self, batch, _):
            self.log("val_loss", self.step(batch), prog_bar=True)
        def test_step(self, batch, _):
            self.log("test_loss", self.step(batch))
        def configure_optimizers(self):
            return torch.optim.SGD(self.parameters(), 0.1)
    return L, Module(), loader


@run
def lightning_fit():
    L, module, loader = lightning_parts()
    L.Trainer(max_epochs=2, logger=False, enable_checkpointing=False, accelerator="cpu").fit(module, loader, loader)


@run
def lightning_validate():
    L, module, loader = lightning_parts()
    trainer = L.Trainer(max_epochs=1, logger=False, enable_checkpointing=False, accelerator="cpu", enable_progress_bar=False)
    trainer.validate(module, loader)
    print(trainer.test(module, loader, verbose=False))


@run
def lightning_callback_metrics():
    L, module, loader = lightning_parts()
    trainer = L.Trainer(max_epochs=2, logger=False, enable_checkpointing=False, accelerator="cpu", enable_progress_bar=False,
                        enable_model_summary=False)
    trainer.fit(module, loader, loader)
    print(trainer.callback_metrics)


@run
def lightning_early_stopping():
    L, module, loader = lightning_parts()
    from lightning.pytorch.callbacks import EarlyStopping
    L.Trainer(max_epochs=2, logger=False, enable_checkpointing=False, accelerator="cpu", enable_progress_bar=False,
              enable_model_summary=False, callbacks=[EarlyStopping("val_loss", verbose=True)]).fit(module, loader, loader)


# --- Hugging Face

def hf_trainer(**arguments):
    import torch
    from transformers import BertConfig, BertForSequenceClassification, Trainer, TrainingArguments, set_seed
    set_seed(1)
    config = BertConfig(vocab_size=20, hidden_size=8, num_hidden_layers=1, num_attention_heads=2, intermediate_size=8,
                        max_position_embeddings=16)
    rows = [{"input_ids": torch.tensor([1, i % 18 + 2, 3]), "labels": torch.tensor(i % 2)} for i in range(16)]
    options = dict(output_dir="/tmp/hf_out", num_train_epochs=2, per_device_train_batch_size=8, logging_steps=1, eval_strategy="epoch",
                   save_strategy="no", report_to=[], use_cpu=True)
    options.update(arguments)
    return Trainer(BertForSequenceClassification(config), TrainingArguments(**options), train_dataset=rows, eval_dataset=rows)


@run
def hf_trainer_bars():
    hf_trainer().train()


@run
def hf_trainer_no_bars():
    hf_trainer(disable_tqdm=True).train()


@run
def hf_log_metrics():
    trainer = hf_trainer(disable_tqdm=True, eval_strategy="no", logging_strategy="no")
    result = trainer.train()
    trainer.log_metrics("train", result.metrics)
    trainer.log_metrics("eval", trainer.evaluate())


@run
def hf_print_evaluate():
    trainer = hf_trainer(disable_tqdm=True, eval_strategy="no", logging_strategy="no")
    print(trainer.evaluate())


@run
def accelerate_print():
    from accelerate import Accelerator
    accelerator = Accelerator(cpu=True)
    torch_net(lambda epoch, loss, correct, count: accelerator.print(f"epoch {epoch}:", {"accuracy": (correct / count).item()}))


# --- fastai

@run
def fastai_learner():
    import pandas as pd
    from fastai.tabular.all import CategoryBlock, TabularDataLoaders, accuracy, set_seed, tabular_learner
    set_seed(1)
    x, y = data()
    frame = pd.DataFrame(x, columns=list("abcd"))
    frame["y"] = y
    loaders = TabularDataLoaders.from_df(frame, y_names="y", cont_names=list("abcd"), y_block=CategoryBlock(), bs=16)
    learner = tabular_learner(loaders, layers=[4], metrics=accuracy)
    learner.fit(2)
    print("valid_loss:", learner.validate()[0])


# --- files

@run
def lightning_csv_logger():
    L, module, loader = lightning_parts()
    from lightning.pytorch.loggers import CSVLogger
    L.Trainer(max_epochs=2, logger=CSVLogger("files"), log_every_n_steps=2, enable_checkpointing=False, accelerator="cpu",
              enable_progress_bar=False, enable_model_summary=False).fit(module, loader, loader)


@run
def tensorboard_torch():
    from torch.utils.tensorboard import SummaryWriter
    with SummaryWriter("files/torch") as writer:
        for step in range(1, 4):
            writer.add_scalar("val/loss", 1 / step, step)
            writer.add_scalar("lr", 0.1, step)
            writer.add_text("note", "x", step)


@run
def tensorboard_x():
    from tensorboardX import SummaryWriter
    with SummaryWriter("files/x") as writer:
        for step in range(1, 4):
            writer.add_scalar("loss", 1 / step, step)


@run
def tensorboard_tensors():
    from tensorboard.compat.proto.event_pb2 import Event
    from tensorboard.plugins.scalar.summary_v2 import scalar_pb
    from tensorboard.summary.writer.event_file_writer import EventFileWriter
    for folder, offset in (("train", 0.0), ("validation", 0.5)):
        writer = EventFileWriter(f"files/tensors/{folder}")
        for step in range(3):
            writer.add_event(Event(wall_time=step, step=step, summary=scalar_pb("epoch_loss", 1 / (step + 1) + offset)))
        writer.close()


# --- plain Python, as people write it

@run
def python_katib():
    for epoch in range(1, 3):
        print(f"epoch {epoch}:\nloss={0.5 / epoch:.4f}\naccuracy={0.7 + epoch / 10:.3f}")


@run
def python_logging_default():
    import logging
    logging.basicConfig(level=logging.INFO)
    logging.info("loss=%s", 0.5)


@run
def python_ranks():
    import json
    for step in range(1, 3):
        for rank in range(2):
            print(json.dumps({"step": step, "loss": 1 / step + rank / 10}))


@run
def python_crlf():
    sys.stdout.write('{"loss": 0.5}\r\n{"loss": 0.25}\r\n')


@run
def python_bom():
    sys.stdout.buffer.write("\ufeff{\"loss\": 0.5}\n".encode())


@run
def python_nan_json():
    import json
    print(json.dumps({"loss": float("nan"), "epoch": 1}))
    print(json.dumps({"loss": float("-inf"), "epoch": 2}))


@run
def python_decimal():
    from decimal import Decimal
    from fractions import Fraction
    print({"loss": Decimal("0.125"), "share": Fraction(1, 3), "ok": True, "note": None})


@run
def python_namedtuple():
    from collections import namedtuple
    print(namedtuple("Result", "loss accuracy")(loss=0.25, accuracy=0.9))


@run
def python_dataclass():
    from dataclasses import dataclass
    @dataclass
    class Result:
        loss: float
        accuracy: float
    print(Result(0.25, 0.9))


@run
def python_latin1():
    sys.stdout.buffer.write("r\u00e9sultat: loss: 0.5 \u00e0 l'\u00e9poque 1\n".encode("latin-1"))


@run
def pandas_series():
    import pandas as pd
    print(pd.Series({"loss": 0.25, "accuracy": 0.9}).to_json())
    print(pd.DataFrame([{"loss": 0.25, "accuracy": 0.9}]).to_dict("records")[0])


if __name__ == "__main__":
    if sys.argv[1] == "--all":
        only = sys.argv[3:]
        for name in RUNS:
            if only and name not in only:
                continue
            done = subprocess.run([sys.executable, __file__, name], capture_output=True, stdin=subprocess.DEVNULL, timeout=600)
            for stream, text in (("stdout", done.stdout), ("stderr", done.stderr)):
                if text:
                    open(f"{sys.argv[2]}/{name}.{stream}", "wb").write(text)
            print(name, "exit", done.returncode, "stdout", len(done.stdout), "stderr", len(done.stderr), flush=True)
    else:
        RUNS[sys.argv[1]]()
