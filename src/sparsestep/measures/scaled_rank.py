"""Number of singular values of X diag(w) above a fraction of the largest, without an SVD.

With G = X^T X and tau = threshold * s_1, the number of s_i > tau is the number of positive
eigenvalues of diag(w) G diag(w) - tau^2, and, by Sylvester's law of inertia, of

    G - diag(tau^2 / w^2),

whose entries neither underflow nor cancel where w has decayed over a hundred orders of magnitude:
such a coordinate has a hugely negative diagonal entry and is left out. Counting the positive pivots
of L D L^T costs d^3/3 multiplications, an eighth of the singular values of the d x d factor R of
X = QR, and is right also for thresholds below float64's 2e-16, where nothing guarantees that an SVD
of X diag(w) is. Most snapshots do not need it: s_i lies between sigma_min(X) and sigma_max(X) times
the i-th largest w (Ostrowski), which often leaves one possible count.
"""

from typing import NamedTuple

import numba
import numpy as np

_jit = numba.njit(nogil=True, cache=True, fastmath={"reassoc", "contract"}, error_model="numpy")

# Beyond this condition number of X, rounding in G could be taken for singular values.
_LARGEST_CONDITION = 1e5
# A pivot this small beside G makes the pivots after it unreliable: use an SVD instead.
_SMALLEST_PIVOT = 1e-7
# A coordinate whose diagonal entry is this many times -sigma_max^2 cannot change the others.
_NEGLIGIBLE = 1e20
_UNRELIABLE = -1


class Factor(NamedTuple):
    """What `count` needs of X; made once and used for many w."""

    gram: np.ndarray  # X^T X, (d, d)
    triangular: np.ndarray  # R of X = QR, (min(n, d), d)
    largest: float  # sigma_max(X)
    smallest: float  # sigma_min(X); 0 where there are fewer samples than columns
    well_conditioned: bool


def factor(x: np.ndarray) -> Factor:
    """Prepare X, (n, d), float64."""
    triangular = np.linalg.qr(x, mode="r")
    values = np.linalg.svd(triangular, compute_uv=False)
    smallest = values[-1] if len(x) >= x.shape[1] else 0.0
    well_conditioned = bool(smallest * _LARGEST_CONDITION > values[0])
    gram = np.ascontiguousarray(triangular.T @ triangular)
    return Factor(gram, triangular, float(values[0]), float(smallest), well_conditioned)


def count(x: Factor, scales: np.ndarray, thresholds: np.ndarray) -> np.ndarray:
    """Number of singular values of X diag(w) above threshold * s_1, for every row w of `scales`.

    `scales` is (S, d), not negative; returns (S, len(thresholds)), float64, NaN for a row that is
    not finite and 0 for a row of zeros.
    """
    ranks = np.full((len(scales), len(thresholds)), np.nan)
    if x.well_conditioned:
        _count_rows(x.gram, x.largest, x.smallest, scales, thresholds, ranks)
    else:
        ranks[np.isfinite(scales).all(axis=1)] = _UNRELIABLE
    unreliable = ranks == _UNRELIABLE
    for row in np.flatnonzero(unreliable.any(axis=1)):
        values = np.linalg.svd(x.triangular * scales[row], compute_uv=False)
        counts = (values > thresholds[:, None] * values[0]).sum(axis=1)
        ranks[row] = np.where(unreliable[row], counts, ranks[row])
    return ranks


@_jit
def _count_rows(gram, largest, smallest, scales, thresholds, ranks):
    d = gram.shape[0]
    work = np.empty((d, d))
    for row in range(scales.shape[0]):
        if not np.isfinite(scales[row]).all():
            continue
        w = np.sort(scales[row])[::-1].copy()
        if w[0] == 0.0:
            ranks[row] = 0
            continue
        descending = np.argsort(-scales[row])
        norm = 0.0
        for j in range(d):
            norm = max(norm, scales[row, j] * np.sqrt(gram[j, j]))
        # s_1 lies between the largest column's norm and sigma_max(X) max(w); find it if that
        # does not settle the count.
        low, high = norm, largest * w[0]
        for column in range(thresholds.shape[0]):
            threshold = thresholds[column]
            sure = _above(w, threshold * high / smallest)
            possible = _above(w, threshold * low / largest)
            if sure < possible and low < high:
                largest_value = _largest_singular_value(gram, scales[row] / w[0]) * w[0]
                low = high = min(max(largest_value, low), high)
                sure = _above(w, threshold * high / smallest)
                possible = _above(w, threshold * low / largest)
            if sure < possible:
                ranks[row, column] = _positive_pivots(
                    gram, w, descending, threshold * low, largest, work
                )
            else:
                ranks[row, column] = sure


@_jit
def _above(descending, bound):
    count = 0
    while count < descending.shape[0] and descending[count] > bound:
        count += 1
    return count


@_jit
def _positive_pivots(gram, w, order, tau, largest, factors):
    """Positive pivots of G - diag(tau^2 / w^2), eliminated from the largest w down."""
    kept = _above(w, tau / (largest * np.sqrt(_NEGLIGIBLE)))
    pivots = np.empty(kept)
    row = np.empty(kept)
    positive = 0
    for a in range(kept):
        # factors[a, c] = L_ac and row[c] = L_ac D_c, for c < a.
        pivot = gram[order[a], order[a]] - (tau / w[a]) ** 2
        for c in range(a):
            entry = gram[order[a], order[c]]
            for k in range(c):
                entry -= factors[c, k] * row[k]
            row[c] = entry
        for c in range(a):
            factors[a, c] = row[c] / pivots[c]
            pivot -= factors[a, c] * row[c]
        if not abs(pivot) > _SMALLEST_PIVOT * gram[order[a], order[a]]:
            return _UNRELIABLE
        pivots[a] = pivot
        if pivot > 0:
            positive += 1
    return positive


@_jit
def _largest_singular_value(gram, w):
    """s_1 of X diag(w) to 1e-12, by the Lanczos iteration on diag(w) G diag(w)."""
    d = w.shape[0]
    basis = np.zeros((d + 1, d))
    alpha = np.zeros(d)
    beta = np.zeros(d)
    # Near w, but with irregular weights: no structure of X should make it orthogonal to the leading
    # singular vector.
    basis[0] = w * (1.0 + 0.5 * np.sin(1.0 + 3.0 * np.arange(d)))
    basis[0] /= np.sqrt(np.sum(basis[0] * basis[0]))
    largest = 0.0
    for k in range(d):
        vector = np.zeros(d)
        for j in range(d):
            factor_j = w[j] * basis[k, j]
            if factor_j != 0.0:
                for i in range(d):
                    vector[i] += gram[j, i] * factor_j
        vector *= w
        alpha[k] = np.sum(vector * basis[k])
        # Full reorthogonalisation, twice: d is small, and a lost basis would find s_1 late.
        for _ in range(2):
            for q in range(k + 1):
                vector -= np.sum(vector * basis[q]) * basis[q]
        beta[k] = np.sqrt(np.sum(vector * vector))
        if k % 4 == 3 or k == d - 1 or beta[k] <= 1e-14 * alpha[0]:
            before, largest = largest, _largest_eigenvalue(alpha[: k + 1], beta[:k])
            if largest - before <= 1e-13 * largest or beta[k] <= 1e-14 * largest:
                break
        basis[k + 1] = vector / beta[k]
    return np.sqrt(largest)


@_jit
def _largest_eigenvalue(diagonal, off_diagonal):
    """Largest eigenvalue of a symmetric tridiagonal matrix, by bisection with Sturm counts."""
    n = diagonal.shape[0]
    low = diagonal.max()
    high = low
    for k in range(n):
        left = abs(off_diagonal[k - 1]) if k > 0 else 0.0
        right = abs(off_diagonal[k]) if k < n - 1 else 0.0
        high = max(high, diagonal[k] + left + right)
    while high - low > 4e-16 * high:
        middle = 0.5 * (low + high)
        if middle <= low or middle >= high:
            break
        pivot = diagonal[0] - middle
        above = pivot > 0
        for k in range(1, n):
            if pivot == 0.0:
                pivot = 1e-300
            pivot = diagonal[k] - middle - off_diagonal[k - 1] ** 2 / pivot
            above = above or pivot > 0
        if above:
            low = middle
        else:
            high = middle
    return high
