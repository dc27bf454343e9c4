"""Definitions of the metrics of `registry.METRICS`: normalisation, range, source.

Beside the registry and not in it: what figures are told of metrics is part of their ids, and a
better definition draws none of them anew. h is the network's output, theta its P parameters, n the
number of training samples, d of inputs; r_i = h(x_i) - y_i; phi is the Jacobian, whose row i is the
gradient of h(x_i) by theta; beta = u * v are the effective weights of a diagonal network, beta* the
true coefficients, S their support. The source is the measurement in config.yaml, and what the paper
or others say of it.
"""

from typing import NamedTuple


class Definition(NamedTuple):
    """What a column holds, the values that it can have, and where it comes from."""

    text: str
    values: str
    source: str


_LOSS = ">= 0"
_SHARE = "0 to 1"
_LASSO = "lasso_distance (label_noise_lasso)"
_VARIATION = "weighted_variation; Qiao et al. (2024), Mulayoff et al. (2021)"
_NOISE = "label_noise; paper: Proposition 2.1"

METRICS = {
    "train_loss": Definition(
        "Loss over all training samples. Diagonal networks: (1/2n) sum_i r_i^2; mlp: "
        "(1/n) sum_i r_i^2, without 1/2; with loss logistic the mean of log(1 + exp(-y h)), with "
        "cross_entropy of -log softmax(h)[class]; networks on images: mean of "
        "-log softmax(logits)[class] over images that are not augmented, in eval mode.",
        _LOSS,
        "losses; paper: sections 3 and 4",
    ),
    "test_loss": Definition(
        "The same over all test samples. Not there where the test points of the problem are its "
        "training points (kink_regression, given_data).",
        _LOSS,
        "losses",
    ),
    "batch_loss": Definition(
        "Networks on images: mean loss of the mini-batches from this snapshot up to the next (at "
        "the last one, from the one before, where no batch follows), batch norm in training mode, "
        "images as SGD got them. NaN where the run diverged before the next snapshot.",
        _LOSS,
        "batch_loss",
    ),
    "running_loss": Definition(
        "10^(mean of log10 L) over the iterations from t/2 to before t, t the snapshot's, L the "
        "training loss before an update, in the normalisation of train_loss: the geometric mean.",
        _LOSS,
        "running_loss",
    ),
    "running_change": Definition(
        "10^(s t/2), s the least-squares slope of log10 L against the iteration over the same: the "
        "factor by which the loss changes. NaN with fewer than three iterations, or where L is 0.",
        _LOSS,
        "running_loss",
    ),
    "train_error": Definition(
        "Share of the training samples in a wrong class: whose largest output is not that of their "
        "class; with loss logistic, whose output has the other sign. Networks on images: of the "
        "images, not augmented, in eval mode. Figures and report show it in per cent.",
        _SHARE,
        "losses, errors",
    ),
    "test_error": Definition(
        "The same of the test samples or images. Not there where the test points of the problem "
        "are its training points. Figures and report show it in per cent.",
        _SHARE,
        "losses, errors",
    ),
    "diverged": Definition(
        "In summary.csv 1 for a replicate that diverged, 0 for one that survived; in figures the "
        "share of the replicates that did, at whatever iteration. A small network has diverged "
        "when a residual exceeds 1e100 in magnitude (in float32 1e15), a network on images when a "
        "batch's loss is not finite, or far beyond that of guessing.",
        "0 or 1; in figures 0 to 1",
        "training",
    ),
    "dead": Definition(
        "1 where the output (each, if there are several) is the same for all training inputs, "
        "max h - min h <= 1e-12 max |h|, else 0; in figures the share of the survivors that are "
        "dead at the last snapshot.",
        "0 or 1; in figures 0 to 1",
        "dead",
    ),
    "step_size": Definition(
        "eta of the update that follows the snapshot, as the schedule has it; where it is given as "
        "a fraction of the edge, that times the replicate's edge.",
        "> 0",
        "step_size",
    ),
    "edge": Definition(
        "The replicate's edge at a point of a sweep with `edges: true`, or with step sizes in "
        "units of it: the largest constant step size that it survives with that point's problem, "
        "model and algorithm, as the experiment's `edge` block says. Also of one that diverged.",
        "> 0",
        "training/edge.py",
    ),
    "parameter_norm": Definition(
        "||theta||_2 of all parameters, weights and biases alike.", ">= 0", "parameter_norm"
    ),
    "jacobian_rank": Definition(
        "Number of singular values s_i of phi with s_i / s_1 > threshold. Diagonal networks: phi "
        "at the first 2d test points (all, if fewer); ReLU networks: phi at the problem's fresh "
        "inputs (truth x_fresh), at least P; with random_points, at as many inputs drawn uniformly "
        "between the smallest and the largest of these. Of several outputs, a row for each sample "
        "and output. 0 where phi is 0.",
        "0, 1, ..., at most d (diagonal) or P",
        "jacobian_rank; paper: sections 3.1 and 4",
    ),
    "jacobian_rank_even": Definition(
        "With random_points: jacobian_rank at the problem's fresh inputs themselves, which are "
        "evenly spaced.",
        "0, 1, ..., at most P",
        "jacobian_rank of ReLU networks",
    ),
    "stable_rank": Definition(
        "sum_i s_i^2 / s_1^2 = ||phi||_F^2 / ||phi||_2^2 of the same phi; 0 where phi is 0.",
        "0, or 1 to P",
        "jacobian_rank of ReLU networks",
    ),
    "entropy_rank": Definition(
        "exp(-sum_i p_i log p_i), p_i = s_i / sum_k s_k: of the singular values themselves, not of "
        "their squares, of the same phi; accurate to 1e-4; 0 where phi is 0.",
        "0, or 1 to P",
        "jacobian_rank of ReLU networks; Roy and Vetterli (2007)",
    ),
    "sharpness": Definition(
        "Largest eigenvalue of the Hessian of the training loss, in the normalisation of "
        "train_loss; relu has second derivative 0. Networks on images: of the loss of the first "
        "images of the training set alone (option images), in eval mode.",
        "real",
        "sharpness; Cohen et al. (2021)",
    ),
    "kernel_drift": Definition(
        "||K_t - K_0||_F / ||K_0||_F, K = phi phi^T (n x n, not divided by n) at the training "
        "inputs, K_0 at the initial parameters; NaN where K_0 is 0.",
        ">= 0",
        "tangent_kernel; Jacot et al. (2018)",
    ),
    "kernel_min_eigenvalue": Definition(
        "Smallest eigenvalue of K_t = phi phi^T at the training inputs, not divided by n; accurate "
        "to about 1e-15 times the largest, and 0 where rounding makes it negative.",
        ">= 0",
        "tangent_kernel",
    ),
    "residual_share_top": Definition(
        "Share of the squared norm of the residual (r_i; of other losses than the squared one, the "
        "derivative of each sample's loss by its outputs) that lies in the span of the leading "
        "eigenvectors of K_t, 3 where the option top says no other; of those whose eigenvalue is "
        "not 0, if there are fewer. NaN where the residual is 0.",
        _SHARE,
        "tangent_kernel",
    ),
    "label_nuisance": Definition(
        "At rank r (label_nuisance@<r>): ||Pi_N y|| / ||y||, norms, not squares, with y the "
        "training labels, not centred (of loss logistic -1 or 1, of cross_entropy one-hot, a row "
        "for each sample and class), and Pi_N the projection onto the nuisance space: what is "
        "orthogonal to the eigenvectors of K_t = phi phi^T at the training inputs with l >= l_r "
        "and l > 0, l_1 >= l_2 >= ... its eigenvalues. All of a group of equal ones (up to 1e-13 "
        "l_1) is on one side. NaN where y is 0.",
        _SHARE,
        "label_alignment; Oymak et al. (2019)",
    ),
    "residual_nuisance": Definition(
        "At rank r (residual_nuisance@<r>): the same of the residual (r_i; of other losses than "
        "the squared one, the derivative of each sample's loss by its outputs). NaN where it is 0.",
        _SHARE,
        "label_alignment; Oymak et al. (2019)",
    ),
    "kernel_gap": Definition(
        "At rank r (kernel_gap@<r>): 1 - l_(r+1) / l_r of the same eigenvalues; 1 where r is the "
        "number of rows of K_t, 0 where l_r is 0. Where it is 0, nuisance space begins later.",
        _SHARE,
        "label_alignment",
    ),
    "feature_sparsity": Definition(
        "Number of pairs (sample, unit) of a layer or block whose unit is distinct and whose "
        "activation is not 0, divided by the number of all pairs, those of units that are not "
        "distinct included. Not distinct is a unit that is 0 on every sample, or whose absolute "
        "Pearson correlation with a later unit exceeds the threshold. ReLU networks: on the "
        "training inputs, each sample's features divided by their l2 norm before correlating. "
        "Networks on images: a unit is a channel at a position, at most 1000 of them drawn at "
        "random (option units), on the first 10000 training images (option images), eval mode, not "
        "divided by their norm.",
        _SHARE,
        "feature_sparsity, channel_sparsity; paper: section 4",
    ),
    "raw_sparsity": Definition(
        "The same with every unit counted as distinct: share of the pairs (sample, unit) whose "
        "activation is not 0.",
        _SHARE,
        "feature_sparsity, channel_sparsity",
    ),
    "distinct_neurons": Definition(
        "How many units of the layer are distinct, as in feature_sparsity at its first threshold.",
        "0, 1, ..., width of the layer",
        "feature_sparsity",
    ),
    "weighted_variation": Definition(
        "TV_g = sum_j |v_j w_j| g(tau_j) of h(x) = sum_j v_j relu(w_j x + b_j) (+ c) on one input, "
        "tau_j = -b_j / w_j. g(x) is the smaller one of P(X < x)^2 E[x - X | X < x] sqrt(1 + "
        "E[X | X < x]^2) and the same of X > x, X uniform on the training inputs. It depends on no "
        "loss.",
        ">= 0",
        _VARIATION,
    ),
    "gradient_bound": Definition(
        "(||(1/n) sum_i grad h(x_i)||^2 - e) / 2, e = 1 with an output bias, else 0: at least "
        "weighted_variation, and in its units, where no w_j x_i + b_j is 0.",
        ">= 0",
        _VARIATION,
    ),
    "kernel_bound": Definition(
        "(lambda_max(phi^T phi / n) - e) / 2, phi at the training inputs: at least gradient_bound.",
        ">= 0",
        _VARIATION,
    ),
    "sharpness_bound": Definition(
        "(sharpness / 2 + s - e) / 2 with s = sqrt((1/n) sum_i r_i^2) sqrt(1 + (1/n) sum_i x_i^2): "
        "at least kernel_bound, but for 1e-6 of the sharpness. The sharpness is that of "
        "(1/n) sum_i r_i^2, as in the column of this name; the papers' loss has 1/2 in front, and "
        "half of it as lambda_max.",
        ">= 0",
        _VARIATION,
    ),
    "knots": Definition(
        "Number of units whose tau_j lies between the smallest and the largest training input, and "
        "whose |v_j w_j| exceeds threshold (1e-3 where config.yaml says no other) times the sum of "
        "it over all these.",
        "0, 1, ..., width of the layer",
        _VARIATION,
    ),
    "mse_inside": Definition(
        "With inside: mean of (h(x) - f(x))^2, without 1/2, over the test points between these "
        "quantiles of the replicate's training inputs; f is the curve without noise. NaN where "
        "there is no such point.",
        ">= 0",
        _VARIATION,
    ),
    "mse_at_inputs": Definition(
        "With inside: (1/n) sum_i (h(x_i) - f(x_i))^2 over the training inputs, against the curve "
        "without noise.",
        ">= 0",
        _VARIATION,
    ),
    "l0": Definition(
        "Number of coordinates with |beta_j| > l0_threshold (1e-50 where config.yaml says no "
        "other).",
        "0, 1, ..., d",
        "sparse_recovery; paper: Figure 2",
    ),
    "beta_error": Definition("||beta - beta*||_2.", ">= 0", "sparse_recovery"),
    "off_support_share": Definition(
        "Sum of |beta_j| over j with beta*_j = 0, divided by ||beta||_1; NaN where beta is 0.",
        _SHARE,
        "sparse_recovery",
    ),
    "noise_level": Definition(
        "eta delta: step size times variance of the noise on the labels.", "> 0", _LASSO
    ),
    "lasso_distance": Definition(
        "Smallest ||beta - b||_2 over the path b(lambda) = argmin_b (1/2n) ||X b - y||^2 + lambda "
        "sum_j s_j |b_j| with s_j = ||X_j||^2 / n, X_j the j-th column of X.",
        ">= 0",
        _LASSO,
    ),
    "mean_lasso_distance": Definition(
        "The same of mean_t beta, the average over the snapshots in (t/2, t].", ">= 0", _LASSO
    ),
    "mean_lasso_penalty": Definition(
        "lambda of the point of the path that is nearest to mean_t beta.", ">= 0", _LASSO
    ),
    "mean_lasso_error": Definition(
        "||mean_t beta - b(lambda)||_2 at lambda = predicted_penalty.", ">= 0", _LASSO
    ),
    "support_precision": Definition(
        "|F and S| / |F| with F the coordinates with |beta_j| > support_threshold; NaN where F is "
        "empty.",
        _SHARE,
        _LASSO,
    ),
    "support_recall": Definition("|F and S| / |S|.", _SHARE, _LASSO),
    "off_support_norm": Definition(
        "||beta||_2 over the coordinates off S, of the snapshot itself.", ">= 0", _LASSO
    ),
    "support_distance": Definition(
        "||beta - beta*||_2 over the coordinates on S, of the snapshot itself.", ">= 0", _LASSO
    ),
    "log_off_lasso_support": Definition(
        "Mean of log |u_j v_j| (natural logarithm) over j with b_j(lambda) = 0; NaN where one of "
        "the factors is below 2.2e-308.",
        "real",
        _LASSO,
    ),
    "predicted_penalty": Definition("lambda = eta delta / (2n).", "> 0", _LASSO),
    "predicted_precision": Definition("support_precision of b(lambda).", _SHARE, _LASSO),
    "predicted_recall": Definition("support_recall of b(lambda).", _SHARE, _LASSO),
    "predicted_support_distance": Definition(
        "sqrt(predicted_fluctuation^2 + ||b(lambda) - beta*||_2^2 on S).", ">= 0", _LASSO
    ),
    "predicted_fluctuation": Definition(
        "sqrt(eta delta ||b(lambda)||_1 / n): ||beta - b(lambda)||_2 where b(lambda) is not 0.",
        ">= 0",
        _LASSO,
    ),
    "predicted_decay": Definition(
        "Mean over j with b_j(lambda) = 0 of 2 eta (lambda s_j - |G_j|), the rate an iteration at "
        "which |beta_j| decays, G = X^T (X b(lambda) - y) / n.",
        "real, >= 0 but for rounding",
        _LASSO,
    ),
    "label_noise_gap": Definition(
        "max_i ||g^(i) - G^(i)|| / max_i ||g^(i)||: g^(i) the gradient of the loss at sample i "
        "alone, G^(i) of the training loss on labels y + xi^(i), xi^(i)_k = r_k (1 - n 1{k = i}). "
        "0 but for rounding.",
        ">= 0",
        _NOISE,
    ),
    "label_noise_mean": Definition(
        "max_k |(1/n) sum_i xi^(i)_k| / max |xi|. 0 but for rounding.", _SHARE, _NOISE
    ),
    "label_noise_variance": Definition(
        "(1/n) sum_i ||xi^(i)||^2 / (n (n - 1)) / (2 L) with L = (1/2n) sum_k r_k^2, for every "
        "network. 1 but for rounding; NaN where n = 1 or L = 0.",
        ">= 0",
        _NOISE,
    ),
}
