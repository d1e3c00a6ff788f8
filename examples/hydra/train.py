"""Logistic regression on scikit-learn's digits, configured by Hydra."""

import logging

import hydra
from sklearn.datasets import load_digits
from sklearn.linear_model import SGDClassifier
from sklearn.metrics import log_loss
from sklearn.model_selection import train_test_split

log = logging.getLogger(__name__)


@hydra.main(version_base=None, config_path="conf", config_name="config")
def main(cfg):
    X, y = load_digits(return_X_y=True)
    X_train, X_valid, y_train, y_valid = train_test_split(X / 16, y, test_size=0.3, random_state=0)
    model = SGDClassifier(
        loss="log_loss",
        alpha=cfg.model.alpha,
        penalty=cfg.model.penalty,
        learning_rate=cfg.optimizer.schedule,
        eta0=cfg.optimizer.lr,
        random_state=0,
    )
    for epoch in range(1, cfg.epochs + 1):
        model.partial_fit(X_train, y_train, classes=range(10))
        loss = log_loss(y_valid, model.predict_proba(X_valid))
        log.info("epoch %d: validation loss = %.5f, accuracy = %.4f", epoch, loss, model.score(X_valid, y_valid))


if __name__ == "__main__":
    main()
