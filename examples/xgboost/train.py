"""Boosted trees on scikit-learn's breast-cancer data. XGBoost prints the losses itself, after every round."""

import argparse

import xgboost as xgb
from sklearn.datasets import load_breast_cancer
from sklearn.model_selection import train_test_split

parser = argparse.ArgumentParser()
parser.add_argument("--eta", type=float, default=0.3)
parser.add_argument("--max-depth", type=int, default=6)
parser.add_argument("--subsample", type=float, default=1.0)
parser.add_argument("--rounds", type=int, default=100)
args = parser.parse_args()

X, y = load_breast_cancer(return_X_y=True)
X_train, X_valid, y_train, y_valid = train_test_split(X, y, test_size=0.3, random_state=0, stratify=y)
train, valid = xgb.DMatrix(X_train, y_train), xgb.DMatrix(X_valid, y_valid)
params = {
    "objective": "binary:logistic",
    "eval_metric": "logloss",
    "eta": args.eta,
    "max_depth": args.max_depth,
    "subsample": args.subsample,
}
xgb.train(params, train, args.rounds, evals=[(train, "train"), (valid, "validation")])
