"""Batch-1 SGD on ReLU networks of any depth: eight replicates side by side in vector lanes.

Layers of ten units are too short to vectorise over units (0.5 us a step). Over replicates every
operation is the same, whatever the widths: parameters lie as (P, 8), and each unit's sum is eight
scalars, which the compiler keeps in registers and turns into vector operations. Loops over the
lanes around arrays are a quarter slower: the compiler cannot know that the arrays do not overlap.
"""

import numba
import numpy as np

# Replicates that one call trains, one a lane.
GROUP = 8
# A residual beyond this can only grow: the replicate has diverged.
EXPLODED = 1e100


def train(network, problem, rows, step_sizes, snapshots, parameters, diverged_at):
    """Fill the rows of `parameters` and `diverged_at`; see `training.mlp.train`."""
    # Lanes without a replicate repeat the first.
    lanes = [*rows, *[rows[0]] * (GROUP - len(rows))]
    theta = np.stack([problem.of_replicate("theta0", row) for row in lanes], axis=1)
    kept = np.full((len(snapshots), network.parameter_count, GROUP), np.nan)
    diverged = np.full(GROUP, -1)
    shared = len(problem.x_train) == 1
    _sgd(
        problem.x_train,
        problem.y_train,
        np.zeros(GROUP, dtype=np.int64) if shared else np.array(lanes),
        np.ascontiguousarray(problem.order[lanes].T),
        np.ascontiguousarray(step_sizes[lanes].T),
        snapshots,
        np.array(network.sizes),
        np.array([has_bias for *_, has_bias in network.shapes]),
        theta,
        kept,
        diverged,
    )
    for lane, row in enumerate(rows):
        parameters[row] = kept[:, :, lane]
        diverged_at[row] = diverged[lane]


# `contract` alone: no sum is reordered, so that a lane's result does not depend on its place.
_jit = numba.njit(nogil=True, cache=True, fastmath={"contract"}, error_model="numpy")


@_jit
def _sgd(x, y, data, order, step_sizes, snapshots, sizes, biases, theta, kept, diverged):
    layers = sizes.shape[0] - 1
    # All activations below each other, inputs first; the last row is the output.
    active = np.zeros((sizes.sum(), GROUP))
    # eta times the derivative of the loss by a layer's output, for two layers in turn.
    widest = sizes.max()
    back = np.zeros((2, widest, GROUP))
    taken = 0
    for t in range(step_sizes.shape[0]):
        if taken < snapshots.shape[0] and snapshots[taken] == t:
            kept[taken] = theta
            taken += 1
        for lane in range(GROUP):
            for k in range(sizes[0]):
                active[k, lane] = x[data[lane], order[t, lane], k]
        start, below = 0, 0
        for layer in range(layers):
            _forward(
                theta, active, start, below, sizes[layer], sizes[layer + 1],
                biases[layer], layer < layers - 1,
            )  # fmt: skip
            start += sizes[layer + 1] * (sizes[layer] + biases[layer])
            below += sizes[layer]
        alive = 0
        for lane in range(GROUP):
            residual = active[below, lane] - y[data[lane], order[t, lane]]
            if diverged[lane] < 0 and not abs(residual) < EXPLODED:
                diverged[lane] = t
            # A diverged replicate stands still while the others go on.
            going = diverged[lane] < 0
            alive += going
            back[(layers - 1) % 2, 0, lane] = 2.0 * step_sizes[t, lane] * residual if going else 0.0
        if alive == 0:
            return
        for layer in range(layers - 1, -1, -1):
            start -= sizes[layer + 1] * (sizes[layer] + biases[layer])
            below -= sizes[layer]
            _backward(
                theta, active, back[layer % 2], back[(layer + 1) % 2], start, below,
                sizes[layer], sizes[layer + 1], biases[layer], layer > 0,
            )  # fmt: skip


@_jit
def _forward(theta, active, start, below, inputs, outputs, has_bias, rectified):
    """active[below + inputs + o] = sum_k W[o, k] active[below + k] + b[o], rectified if hidden."""
    w = start
    for o in range(outputs):
        s0 = s1 = s2 = s3 = s4 = s5 = s6 = s7 = 0.0
        if has_bias:
            bias = theta[start + outputs * inputs + o]
            s0, s1, s2, s3 = bias[0], bias[1], bias[2], bias[3]
            s4, s5, s6, s7 = bias[4], bias[5], bias[6], bias[7]
        for k in range(below, below + inputs):
            s0 += theta[w, 0] * active[k, 0]
            s1 += theta[w, 1] * active[k, 1]
            s2 += theta[w, 2] * active[k, 2]
            s3 += theta[w, 3] * active[k, 3]
            s4 += theta[w, 4] * active[k, 4]
            s5 += theta[w, 5] * active[k, 5]
            s6 += theta[w, 6] * active[k, 6]
            s7 += theta[w, 7] * active[k, 7]
            w += 1
        out = active[below + inputs + o]
        if rectified:
            s0, s1, s2, s3 = max(s0, 0.0), max(s1, 0.0), max(s2, 0.0), max(s3, 0.0)
            s4, s5, s6, s7 = max(s4, 0.0), max(s5, 0.0), max(s6, 0.0), max(s7, 0.0)
        out[0], out[1], out[2], out[3] = s0, s1, s2, s3
        out[4], out[5], out[6], out[7] = s4, s5, s6, s7


@_jit
def _backward(theta, active, above, here, start, below, inputs, outputs, has_bias, hidden):
    """W[o, k] -= above[o] active[below + k], and what the layer below gets, in one pass over W."""
    for k in range(inputs):
        h = active[below + k]
        h0, h1, h2, h3 = h[0], h[1], h[2], h[3]
        h4, h5, h6, h7 = h[4], h[5], h[6], h[7]
        s0 = s1 = s2 = s3 = s4 = s5 = s6 = s7 = 0.0
        for o in range(outputs):
            w = theta[start + o * inputs + k]
            w0, w1, w2, w3 = w[0], w[1], w[2], w[3]
            w4, w5, w6, w7 = w[4], w[5], w[6], w[7]
            a = above[o]
            a0, a1, a2, a3 = a[0], a[1], a[2], a[3]
            a4, a5, a6, a7 = a[4], a[5], a[6], a[7]
            s0, s1, s2, s3 = s0 + w0 * a0, s1 + w1 * a1, s2 + w2 * a2, s3 + w3 * a3
            s4, s5, s6, s7 = s4 + w4 * a4, s5 + w5 * a5, s6 + w6 * a6, s7 + w7 * a7
            w[0], w[1], w[2], w[3] = w0 - a0 * h0, w1 - a1 * h1, w2 - a2 * h2, w3 - a3 * h3
            w[4], w[5], w[6], w[7] = w4 - a4 * h4, w5 - a5 * h5, w6 - a6 * h6, w7 - a7 * h7
        if hidden:
            out = here[k]
            out[0], out[1] = s0 if h0 > 0.0 else 0.0, s1 if h1 > 0.0 else 0.0
            out[2], out[3] = s2 if h2 > 0.0 else 0.0, s3 if h3 > 0.0 else 0.0
            out[4], out[5] = s4 if h4 > 0.0 else 0.0, s5 if h5 > 0.0 else 0.0
            out[6], out[7] = s6 if h6 > 0.0 else 0.0, s7 if h7 > 0.0 else 0.0
    if has_bias:
        for o in range(outputs):
            for lane in range(GROUP):
                theta[start + outputs * inputs + o, lane] -= above[o, lane]
