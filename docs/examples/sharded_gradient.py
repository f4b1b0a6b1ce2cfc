"""Gradients of shards of the data on the workers of a dask cluster, and their sum: the same as in one process.

A worker that dies in the middle costs a retry and nothing else, since a gradient is a function that can be sent.
"""

import numpy as np
from distributed import Client, LocalCluster

import dualad


def negative_log_likelihood(weights, features, labels):
    """Return that of logistic regression."""
    total = 0.0
    for k in range(labels.size):
        score = 0.0
        for j in range(weights.size):
            score += weights[j] * features[k, j]
        total += np.logaddexp(0.0, score) - labels[k] * score
    return total


slope = dualad.value_and_grad(negative_log_likelihood)


def data(count=20_000, width=8, seed=0):
    """Return features and labels, and the weights that made them."""
    rng = np.random.default_rng(seed)
    truth, features = rng.normal(size=width), rng.normal(size=(count, width))
    return features, (rng.random(count) < 1.0 / (1.0 + np.exp(-features @ truth))).astype(float), truth


def sum_of_shards(client, shards, weights):
    """Return the value and the gradient over all shards, added in their order: the same bits each time."""
    parts = client.gather([client.submit(slope, weights, *shard, pure=False, retries=3) for shard in shards])
    return sum(value for value, _ in parts), np.sum([g for _, g in parts], axis=0)


def fit(client, features, labels, shards=4, steps=30):
    """Return the weights that gradient descent finds, and the values on its way."""
    pieces = np.array_split(np.arange(labels.size), shards)
    kept = [(client.scatter(features[k]), client.scatter(labels[k])) for k in pieces]
    weights, values = np.zeros(features.shape[1]), []
    for _ in range(steps):
        value, gradient = sum_of_shards(client, kept, weights)
        values.append(value)
        weights = weights - 4.0 / labels.size * gradient
    return weights, values


if __name__ == "__main__":
    import matplotlib.pyplot as plt

    features, labels, truth = data()
    with LocalCluster(n_workers=2, threads_per_worker=1) as cluster, Client(cluster) as client:
        weights, values = fit(client, features, labels)
    figure, (left, right) = plt.subplots(1, 2, figsize=(9, 4))
    left.plot(values)
    left.set(xlabel="step", ylabel="negative log-likelihood")
    right.plot(truth, weights, "o", truth, truth, "-")
    right.set(xlabel="true weights", ylabel="found")
    figure.savefig("sharded_gradient.png", dpi=120)
