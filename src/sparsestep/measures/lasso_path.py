"""The weighted Lasso's whole path, and the point of it that is nearest to given weights."""

import numpy as np

# Where the path ends, as a fraction of its largest penalty: LARS is ill-conditioned at 0, where the
# residual of noiseless data vanishes.
_END = 1e-6


class LassoPath:
    """b(lambda) = argmin_b (1/2n) ||X b - y||^2 + lambda sum_j s_j |b_j|,  s_j = ||X_j||^2 / n.

    The path is piecewise linear in lambda, and LARS (Efron et al., 2004) gives its corners, so that
    points between them are exact: no grid. In b_j s_j it is the path of the ordinary Lasso on the
    inputs X_j / s_j, which is scikit-learn's `lars_path`. It runs from the penalty above which all
    is zero down to 1e-6 of that.

    Attributes:
        penalties: lambda of the K corners, falling, (K,), float64.
        corners: b at them, (K, d), float64.
        scales: s, (d,); all must be positive.
    """

    def __init__(self, x: np.ndarray, y: np.ndarray):
        # Slow to import.
        from sklearn.linear_model import lars_path

        samples = len(y)
        self.scales = (x**2).sum(axis=0) / samples
        scaled = x / self.scales
        largest = np.abs(scaled.T @ y).max() / samples
        self.penalties, self.corners = np.zeros(1), np.zeros((1, x.shape[1]))
        if largest > 0:
            # The default `eps` is what LARS takes for zero.
            found = lars_path(scaled, y, method="lasso", alpha_min=_END * largest)
            self.penalties, self.corners = found[0], found[2].T / self.scales

    def at(self, penalty: float) -> np.ndarray:
        """b(penalty), (d,), float64; the path's ends beyond them, NaN at NaN."""
        rising = self.penalties[::-1]
        return np.array([np.interp(penalty, rising, column[::-1]) for column in self.corners.T])

    def nearest(self, points: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Euclidean distance of `points`, (S, d), to the path, and lambda where it is attained.

        Both (S,), float64, NaN where a point is NaN. The point is projected on every segment.
        """
        distance = np.linalg.norm(points - self.corners[0], axis=1)
        penalty = np.where(np.isnan(distance), np.nan, self.penalties[0])
        for k in range(len(self.penalties) - 1):
            start, along = self.corners[k], self.corners[k + 1] - self.corners[k]
            length = along @ along
            share = np.clip((points - start) @ along / length, 0, 1) if length > 0 else 0.0
            there = np.linalg.norm(points - start - np.multiply.outer(share, along), axis=1)
            nearer = there < distance
            step = share * (self.penalties[k + 1] - self.penalties[k])
            penalty = np.where(nearer, self.penalties[k] + step, penalty)
            distance = np.where(nearer, there, distance)
        return distance, penalty
