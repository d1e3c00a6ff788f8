#!/usr/bin/env python3
"""Gradient boosting on scikit-learn's breast-cancer data.

The resource is the number of boosting rounds. The score is the mean log loss over a cross-validation.
"""

import argparse

from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import HistGradientBoostingClassifier
from sklearn.model_selection import StratifiedKFold, cross_validate


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--learning-rate", type=float, default=0.1)
    parser.add_argument("--max-iter", type=int, default=100)
    parser.add_argument("--max-leaf-nodes", type=int, default=31)
    parser.add_argument("--min-samples-leaf", type=int, default=20)
    parser.add_argument("--l2-regularization", type=float, default=0.0)
    parser.add_argument("--max-features", type=float, default=1.0)
    args = parser.parse_args()

    features, labels = load_breast_cancer(return_X_y=True)
    model = HistGradientBoostingClassifier(**vars(args), early_stopping=False, random_state=0)
    folds = StratifiedKFold(n_splits=4, shuffle=True, random_state=0)
    scores = cross_validate(model, features, labels, cv=folds, scoring=["neg_log_loss", "accuracy"])
    loss, accuracy = -scores["test_neg_log_loss"].mean(), scores["test_accuracy"].mean()
    print(f"loss: {loss:.6f}")
    print(f"accuracy: {accuracy:.4f}")


if __name__ == "__main__":
    main()
