"""Information and nuisance space: how much of the labels lies outside the kernel's top directions.

Of S. Oymak, Z. Fabian, M. Li, M. Soltanolkotabi 2019, Generalization guarantees for neural networks
via harnessing the low-rank structure of the Jacobian (arXiv 1906.05392): the singular vectors of
the Jacobian with singular values s >= alpha span the information space I, along which training is
fast, all others the nuisance space N, along which it is slow. A network whose Jacobian aligns with
its labels has little of them in N.
"""

from typing import TYPE_CHECKING, Annotated

import numpy as np
from pydantic import AfterValidator, Field

from sparsestep import sample_counts
from sparsestep.artifacts.arrays import Problem, Trajectory
from sparsestep.fields import Closed, PositiveInt, _all_different
from sparsestep.measures import backpropagation
from sparsestep.measures.columns import at_threshold
from sparsestep.measures.snapshots import measure_chunks

if TYPE_CHECKING:
    from sparsestep.contracts import Network
    from sparsestep.models.mlp import Network as Mlp

# Beside the largest eigenvalue: one that is so small is 0, and two that differ by so little are
# equal, but for rounding.
_ROUNDING = 1e-13

Ranks = Annotated[list[PositiveInt], Field(min_length=1), AfterValidator(_all_different)]


class Spec(Closed):
    """How many eigenvectors of the kernel span the information space."""

    top: Ranks = Field(
        default=[3],
        description="ranks r, at most the kernel's rows; columns label_nuisance@<r>, "
        "residual_nuisance@<r>, kernel_gap@<r>",
    )


def columns(options: Spec) -> list[str]:
    """What `measure` returns."""
    quantities = ("label_nuisance", "residual_nuisance", "kernel_gap")
    return [at_threshold(name, rank) for name in quantities for rank in options.top]


def mistakes(options: Spec, problem: Closed, network: "Network") -> dict[tuple, str]:
    """Ranks above the number of rows of the kernel."""
    samples, outputs = sample_counts.of_training(problem), _outputs(network)
    largest = max(options.top)
    if samples is None or largest <= samples * outputs:
        return {}
    rows = "training samples" + (f" times {outputs} outputs" if outputs > 1 else "")
    what = f"got {largest}; must be at most {samples * outputs}, the kernel's rows ({rows})"
    return {("measure", "label_alignment", "top", options.top.index(largest)): what}


def measure(
    problem: Problem, trajectory: Trajectory, network: "Mlp", options: Spec, threads: int
) -> dict[str, np.ndarray]:
    """Of K = phi phi^T, (n, n), on the n training inputs, for each r of `top`; each (R, S).

    Row i of phi is grad_theta h(x_i); l_1 >= l_2 >= ... are the eigenvalues of K, squares of the
    singular values of phi. The information space I is the span of the eigenvectors with l >= l_r
    and l > 0, the nuisance space N what is orthogonal to it, Pi_N the projection onto N.

    - `label_nuisance@<r>`: ||Pi_N y|| / ||y||, in [0, 1], y the training labels as they are, not
      centred: norms, not their squares, so that it is the square of this and of ||Pi_I y|| / ||y||
      that add to 1. NaN where y is 0;
    - `residual_nuisance@<r>`: the same of the residual h(x_i) - y_i. NaN where that is 0;
    - `kernel_gap@<r>`: 1 - l_(r+1) / l_r, in [0, 1], l_(n+1) = 0; 0 where l_r is 0. The shares are
      accurate to about 1e-15 l_1 / (l_r - l_(r+1)).

    The cut is never inside a group of equal eigenvalues, whose vectors are anybody's choice: all of
    the group is in I, which so has more than r dimensions where the gap is 0. Vectors of eigenvalue
    0 are in N: at r = n the shares are 0 if K has full rank, and else what no step of gradient
    flow reaches. Eigenvalues are 0, or equal, that are so up to 1e-13 l_1.

    Raises ValueError if an r is larger than n.
    """
    n = problem.x_train.shape[1]
    check(options, n)

    def of_chunk(row: int, theta: np.ndarray) -> np.ndarray:
        x, y = problem.of_replicate("x_train", row), problem.of_replicate("y_train", row)
        kernels = backpropagation.tangent_kernel(network, theta, x)
        return of_kernels(kernels, y, network.predict(theta, x) - y, options)

    numbers_each = n * max(n, *network.sizes)
    return measure_chunks(trajectory, network, columns(options), of_chunk, numbers_each, threads)


def check(options: Spec, rows: int) -> None:
    """Raise ValueError if a rank is larger than the number of rows of the kernel."""
    if max(options.top) > rows:
        raise ValueError(f"top must be at most {rows}, the kernel's rows; got {max(options.top)}")


def of_kernels(
    kernels: np.ndarray, labels: np.ndarray, residuals: np.ndarray, options: Spec
) -> np.ndarray:
    """`columns`, (C, 3 len(top)), of kernels (C, N, N), labels (N,) and residuals (C, N)."""
    values, vectors = np.linalg.eigh(kernels)
    # From the largest down.
    values, vectors = values[:, ::-1], vectors[:, :, ::-1]
    slack = _ROUNDING * values[:, :1]
    values = np.where(values > slack, values, 0.0)
    ranks = np.array(options.top)
    at_rank = values[:, ranks - 1]
    informed = values[:, None, :] >= (at_rank - slack)[..., None]
    nuisance = ~(informed & (values > 0)[:, None, :])
    following = np.pad(values, ((0, 0), (0, 1)))[:, ranks]
    falling = np.divide(following, at_rank, out=np.ones_like(at_rank), where=at_rank > 0)
    shares = [_share(of, vectors, nuisance) for of in (labels[None], residuals)]
    return np.concatenate([*shares, 1 - falling], axis=1)


def _share(of: np.ndarray, vectors: np.ndarray, chosen: np.ndarray) -> np.ndarray:
    """Share of the norm of each row (C or 1, N) along the chosen (C, T, N) eigenvectors, (C, T)."""
    largest = np.abs(of).max(axis=1, keepdims=True)
    # Relative, so that the squares neither overflow nor underflow.
    relative = of / np.where(largest > 0, largest, np.nan)
    along = (np.swapaxes(vectors, 1, 2) @ relative[..., None])[..., 0] ** 2
    return np.sqrt((chosen * along[:, None, :]).sum(axis=2) / along.sum(axis=1, keepdims=True))


def _outputs(network: "Network") -> int:
    return getattr(network, "sizes", (1,))[-1]
