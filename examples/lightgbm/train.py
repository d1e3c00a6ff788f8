"""Boosted trees on scikit-learn's diabetes data. LightGBM prints the losses itself; its parameters are given as `name=value`."""

import sys

import lightgbm as lgb
from sklearn.datasets import load_diabetes
from sklearn.model_selection import train_test_split

params = {"objective": "regression", "metric": "l2", "num_threads": 1, "seed": 0, "verbosity": -1}
params.update(argument.split("=", 1) for argument in sys.argv[1:])
rounds = int(params.pop("num_iterations", 100))

X, y = load_diabetes(return_X_y=True)
X_train, X_valid, y_train, y_valid = train_test_split(X, y, test_size=0.3, random_state=0)
train = lgb.Dataset(X_train, y_train)
valid = lgb.Dataset(X_valid, y_valid, reference=train)
lgb.train(params, train, rounds, valid_sets=[valid], callbacks=[lgb.log_evaluation(10)])
