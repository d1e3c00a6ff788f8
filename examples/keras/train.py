"""A dense network on scikit-learn's digits. Keras prints its progress bar and the metrics of each epoch itself."""

import argparse

import keras
from sklearn.datasets import load_digits

parser = argparse.ArgumentParser()
parser.add_argument("--learning_rate", type=float, default=1e-3)
parser.add_argument("--units", type=int, default=64)
parser.add_argument("--dropout", type=float, default=0.0)
parser.add_argument("--batch_norm", action="store_true")
parser.add_argument("--epochs", type=int, default=10)
args = parser.parse_args()

X, y = load_digits(return_X_y=True)
keras.utils.set_random_seed(0)
layers = [keras.layers.Input((64,)), keras.layers.Dense(args.units, activation="relu")]
if args.batch_norm:
    layers.append(keras.layers.BatchNormalization())
layers += [keras.layers.Dropout(args.dropout), keras.layers.Dense(10, activation="softmax")]
model = keras.Sequential(layers)
model.compile(keras.optimizers.Adam(args.learning_rate), "sparse_categorical_crossentropy", metrics=["accuracy"])
model.fit(X / 16, y, epochs=args.epochs, batch_size=32, validation_split=0.3)
