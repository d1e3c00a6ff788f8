#!/usr/bin/env python3
"""Gradient boosting and random forests on scikit-learn's breast-cancer data.

The resource is the number of trees. The score is the mean log loss over a cross-validation.
"""

import argparse

from sklearn.datasets import load_breast_cancer
from sklearn.ensemble import HistGradientBoostingClassifier, RandomForestClassifier
from sklearn.model_selection import StratifiedKFold, cross_validate


def estimator(args):
    shared = {
        "max_leaf_nodes": args.max_leaf_nodes,
        "min_samples_leaf": args.min_samples_leaf,
        "max_features": args.max_features,
        "random_state": 0,
    }
    if args.estimator == "forest":
        return RandomForestClassifier(
            n_estimators=args.trees, criterion=args.criterion, max_samples=args.max_samples, **shared
        )
    return HistGradientBoostingClassifier(
        max_iter=args.trees,
        learning_rate=args.learning_rate,
        l2_regularization=args.l2_regularization,
        early_stopping=False,
        **shared,
    )


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--estimator", choices=["boosting", "forest"], default="boosting")
    parser.add_argument("--trees", type=int, default=100)
    parser.add_argument("--max-leaf-nodes", type=int, default=31)
    parser.add_argument("--min-samples-leaf", type=int, default=20)
    parser.add_argument("--max-features", type=float, default=1.0)
    # of boosting
    parser.add_argument("--learning-rate", type=float, default=0.1)
    parser.add_argument("--l2-regularization", type=float, default=0.0)
    # of a forest
    parser.add_argument("--criterion", default="gini")
    parser.add_argument("--max-samples", type=float, default=1.0)
    args = parser.parse_args()

    features, labels = load_breast_cancer(return_X_y=True)
    folds = StratifiedKFold(n_splits=4, shuffle=True, random_state=0)
    scores = cross_validate(estimator(args), features, labels, cv=folds, scoring=["neg_log_loss", "accuracy"])
    loss, accuracy = -scores["test_neg_log_loss"].mean(), scores["test_accuracy"].mean()
    print(f"loss: {loss:.6f}")
    print(f"accuracy: {accuracy:.4f}")


if __name__ == "__main__":
    main()
