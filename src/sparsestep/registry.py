"""Registry of modules by role and kind: a new problem, model, ... is a module and a line here.

Only names live here, so that reading the tables imports nothing, and so that the fingerprint of a
stage (`artifacts/fingerprint.py`) follows from the kinds a job uses, not from everything that
exists: a line added here re-runs nothing. For that reason no fingerprint includes this module.
"""

import functools
from importlib import import_module
from pathlib import Path
from types import ModuleType

from sparsestep.errors import ConfigError
from sparsestep.runtime import kernel_cache

# Whoever imports kernels comes by here first: the packages that hold them import this module.
kernel_cache.guard()

# A problem module offers `Spec` and `generate(spec, iterations, replicates) -> arrays`.
PROBLEMS = {
    "sparse_regression": "sparsestep.problems.sparse_regression",
    "kink_regression": "sparsestep.problems.kink_regression",
    "teacher_student": "sparsestep.problems.teacher_student",
    "given_data": "sparsestep.problems.given_data",
    "table": "sparsestep.problems.table",
    "noisy_sparse_regression": "sparsestep.problems.noisy_sparse_regression",
    "noisy_teacher_student": "sparsestep.problems.noisy_teacher_student",
    "noisy_curve": "sparsestep.problems.noisy_curve",
    "images": "sparsestep.images.problem",
}

# A dataset module offers `Spec`, `ARCHIVE` (None where nothing is downloaded), `FURTHER` where it
# comes as more than one file, and `decode(path) -> arrays`.
DATASETS = {
    "digits": "sparsestep.images.datasets.digits",
    "cifar10": "sparsestep.images.datasets.cifar10",
    "cifar100": "sparsestep.images.datasets.cifar100",
    "tiny_imagenet": "sparsestep.images.datasets.tiny_imagenet",
    "mnist": "sparsestep.images.datasets.mnist",
    "fashion_mnist": "sparsestep.images.datasets.fashion_mnist",
}

# A model module offers `Spec` and `Network(spec, dimension)` with `initial_parameters(seed)`,
# `predict(theta, x)` and `loss_factor`.
MODELS = {
    "diagonal": "sparsestep.models.diagonal",
    "mlp": "sparsestep.models.mlp",
    "general_mlp": "sparsestep.models.general_mlp",
    "densenet": "sparsestep.images.models.densenet",
    "resnet": "sparsestep.images.models.resnet",
}

# Problems that hand out images, and models that take them: a model module offers `Spec`, its torch
# module stands in NETWORKS. Trainers and measurements of these models have "images/" in front. All
# others are of vectors (`config/families.py`).
OF_IMAGES = {"problem": ("images",), "model": ("densenet", "resnet")}

# Problems that hand out their training points as test points: of these there are no such columns
# (`config/kinds.py`), for they would be those of the training points under another name. A kind of
# which this is true of some problems alone says so in its Spec, `has_test_set`.
WITHOUT_TEST_SET = {
    "problem": ("kink_regression", "given_data"),
    "columns": ("test_loss", "test_error"),
}

# A network module offers `Network(spec, channels, classes)`, the torch module of an image model.
NETWORKS = {
    "densenet": "sparsestep.images.networks.densenet",
    "resnet": "sparsestep.images.networks.resnet",
}

# A schedule module offers a `Spec` with `step_sizes(iterations)` and `decays(iterations)`.
SCHEDULES = {
    "constant": "sparsestep.schedules.constant",
    "step_decay": "sparsestep.schedules.step_decay",
    "warmup_decay": "sparsestep.schedules.warmup_decay",
    "plateau": "sparsestep.schedules.plateau",
    "exponential_warmup": "sparsestep.schedules.exponential_warmup",
    "piecewise": "sparsestep.schedules.piecewise",
    "linear_decay": "sparsestep.schedules.linear_decay",
    "cosine": "sparsestep.schedules.cosine",
    "cyclic": "sparsestep.schedules.cyclic",
    "table": "sparsestep.schedules.table",
}

# An algorithm module offers a `Spec` of its options; a full-batch one also the noise on its labels
# (`algorithms/__init__.py`). One that follows another run names it in its option `of`.
ALGORITHMS = {
    "sgd": "sparsestep.algorithms.sgd",
    "gd": "sparsestep.algorithms.gd",
    "label_noise_gd": "sparsestep.algorithms.label_noise_gd",
    "gd_on_noisy_labels": "sparsestep.algorithms.gd_on_noisy_labels",
    "sde": "sparsestep.algorithms.sde",
    "adam": "sparsestep.algorithms.adam",
    "adamw": "sparsestep.algorithms.adamw",
    "rmsprop": "sparsestep.algorithms.rmsprop",
    "sign_descent": "sparsestep.algorithms.sign_descent",
    "muon": "sparsestep.algorithms.muon",
    "batch_sgd": "sparsestep.algorithms.batch_sgd",
    "momentum_gd": "sparsestep.algorithms.momentum_gd",
    "minibatch_sgd": "sparsestep.images.algorithm",
}

# Kinds with further options, by role and the kind that they extend. An extension's Spec is a
# subclass of that kind's. config.yaml has the extended kind alone: a block that sets one of the
# further options is of the extension (`config/kinds.py`). So a kind gets options that change how a
# job runs, and what has been computed without them keeps its id and its code.
EXTENSIONS: dict[str, dict[str, str]] = {
    "problem": {
        "sparse_regression": "noisy_sparse_regression",
        "teacher_student": "noisy_teacher_student",
    },
    "model": {"mlp": "general_mlp"},
    "algorithm": {"sgd": "batch_sgd", "gd": "momentum_gd"},
}

# What trains a model with an algorithm offers
# `train(problem, spec, step_sizes, snapshots, threads)`; where the algorithm follows another run,
# that run's training losses come last.
TRAINERS = {
    "diagonal/sgd": "sparsestep.training.diagonal",
    "diagonal/gd": "sparsestep.training.diagonal_descent",
    "diagonal/label_noise_gd": "sparsestep.training.diagonal_descent",
    "diagonal/gd_on_noisy_labels": "sparsestep.training.diagonal_descent",
    "diagonal/sde": "sparsestep.training.diagonal_descent",
    "mlp/sgd": "sparsestep.training.mlp",
    "mlp/gd": "sparsestep.training.mlp_descent",
    "mlp/label_noise_gd": "sparsestep.training.mlp_descent",
    "mlp/gd_on_noisy_labels": "sparsestep.training.mlp_descent",
    "mlp/sde": "sparsestep.training.mlp_descent",
    "diagonal/adam": "sparsestep.training.general",
    "diagonal/adamw": "sparsestep.training.general",
    "diagonal/rmsprop": "sparsestep.training.general",
    "diagonal/sign_descent": "sparsestep.training.general",
    "mlp/adam": "sparsestep.training.general",
    "mlp/adamw": "sparsestep.training.general",
    "mlp/rmsprop": "sparsestep.training.general",
    "mlp/sign_descent": "sparsestep.training.general",
    "mlp/muon": "sparsestep.training.general",
    "general_mlp/sgd": "sparsestep.training.general",
    "general_mlp/gd": "sparsestep.training.general",
    "diagonal/batch_sgd": "sparsestep.training.batch_diagonal",
    "diagonal/momentum_gd": "sparsestep.training.batch_diagonal",
    "mlp/batch_sgd": "sparsestep.training.batch_mlp",
    "mlp/momentum_gd": "sparsestep.training.batch_mlp",
    "general_mlp/batch_sgd": "sparsestep.training.general",
    "general_mlp/momentum_gd": "sparsestep.training.general",
    "general_mlp/adam": "sparsestep.training.general",
    "general_mlp/adamw": "sparsestep.training.general",
    "general_mlp/rmsprop": "sparsestep.training.general",
    "general_mlp/sign_descent": "sparsestep.training.general",
    "general_mlp/muon": "sparsestep.training.general",
    "images/minibatch_sgd": "sparsestep.images.training.loop",
}

# A measurement module offers `Spec`, `columns(options)`, the names of what it measures, and
# `measure(problem, trajectory, network, options, threads) -> {column: (R, S) array}`.
# A name with a model in front ("diagonal/jacobian_rank") wins over the plain one. Of networks on
# images, `measure(images, trajectory, network, options, threads)`, with an `images.Images`.
MEASURES = {
    "losses": "sparsestep.measures.losses",
    "running_loss": "sparsestep.measures.running_loss",
    "dead": "sparsestep.measures.dead",
    "diagonal/sparse_recovery": "sparsestep.measures.sparse_recovery",
    "diagonal/lasso_distance": "sparsestep.measures.lasso_distance",
    "diagonal/jacobian_rank": "sparsestep.measures.diagonal_jacobian",
    "mlp/jacobian_rank": "sparsestep.measures.mlp_jacobian",
    "diagonal/label_alignment": "sparsestep.measures.diagonal_alignment",
    "mlp/feature_sparsity": "sparsestep.measures.feature_sparsity",
    "mlp/sharpness": "sparsestep.measures.sharpness",
    "mlp/tangent_kernel": "sparsestep.measures.tangent_kernel",
    "mlp/weighted_variation": "sparsestep.measures.weighted_variation",
    "mlp/label_alignment": "sparsestep.measures.label_alignment",
    "general_mlp/losses": "sparsestep.measures.general_losses",
    "general_mlp/errors": "sparsestep.measures.general_errors",
    "general_mlp/dead": "sparsestep.measures.general_dead",
    "general_mlp/jacobian_rank": "sparsestep.measures.general_jacobian",
    "general_mlp/feature_sparsity": "sparsestep.measures.general_sparsity",
    "general_mlp/sharpness": "sparsestep.measures.general_sharpness",
    "general_mlp/tangent_kernel": "sparsestep.measures.general_kernel",
    "general_mlp/label_alignment": "sparsestep.measures.general_alignment",
    "general_mlp/label_noise": "sparsestep.measures.general_label_noise",
    "step_size": "sparsestep.measures.step_size",
    "images/batch_loss": "sparsestep.images.measures.batch_loss",
    "images/step_size": "sparsestep.measures.step_size",
    "images/losses": "sparsestep.images.measures.losses",
    "images/channel_sparsity": "sparsestep.images.measures.sparsity",
    "images/sharpness": "sparsestep.images.measures.sharpness",
    "parameter_norm": "sparsestep.measures.parameter_norm",
    "label_noise": "sparsestep.measures.label_noise",
}

# How figures, verdicts and report tell what is measured: words, scale of the axis ("linear", "log",
# or "per cent" of a share, as in the paper), and in TeX what stands on the axis where that is not
# the words. A column may be that of a layer or block, or at a further threshold (`metrics.py`).
METRICS = {
    "train_loss": ("training loss", "log"),
    "batch_loss": ("loss of mini-batches", "log"),
    "running_loss": ("running training loss", "log"),
    "running_change": ("change of the running training loss", "log"),
    "test_loss": ("test loss", "log"),
    "train_error": ("training error", "per cent"),
    "test_error": ("test error", "per cent"),
    "diverged": ("share of replicates diverged", "linear"),
    "dead": ("share of survivors dead", "linear"),
    "step_size": ("step size", "log", r"step size $\eta$"),
    "edge": ("edge", "linear", "edge, the largest surviving step size"),
    "parameter_norm": ("norm of the parameters", "linear", r"$\|\theta\|_2$"),
    # Ranks and the tangent kernel.
    "jacobian_rank": ("rank of the Jacobian", "linear"),
    "jacobian_rank_even": ("rank of the Jacobian at evenly spaced points", "linear"),
    "stable_rank": ("stable rank of the Jacobian", "linear"),
    "entropy_rank": ("entropy rank of the Jacobian", "linear"),
    "sharpness": ("sharpness", "log", r"sharpness $\lambda_{\max}(\nabla^2 L)$"),
    "kernel_drift": ("tangent-kernel drift", "log"),
    "kernel_min_eigenvalue": (
        "smallest eigenvalue of the tangent kernel",
        "log",
        r"$\lambda_{\min}$ of the tangent kernel",
    ),
    "residual_share_top": ("share of the residual along the kernel's top eigenvectors", "linear"),
    # At a rank, told as the threshold between information and nuisance space.
    "label_nuisance": (
        "share of the labels in the kernel's nuisance space",
        "linear",
        r"$\|\Pi_N y\| / \|y\|$",
    ),
    "residual_nuisance": (
        "share of the residual in the kernel's nuisance space",
        "linear",
        r"$\|\Pi_N r\| / \|r\|$",
    ),
    "kernel_gap": (
        "relative gap of the tangent kernel's eigenvalues",
        "linear",
        r"$1 - \lambda_{k+1} / \lambda_k$",
    ),
    # Sparsity; of a layer or a block.
    "feature_sparsity": ("feature sparsity", "linear"),
    "raw_sparsity": ("raw sparsity", "linear"),
    "distinct_neurons": ("distinct neurons", "linear"),
    # Functions of one input.
    "weighted_variation": ("weighted variation", "log", r"weighted variation $TV_g$"),
    "gradient_bound": (
        "bound on the weighted variation by the mean gradient",
        "log",
        "$TV_g$ is at most (gradient)",
    ),
    "kernel_bound": (
        "bound on the weighted variation by the tangent kernel",
        "log",
        "$TV_g$ is at most (kernel)",
    ),
    "sharpness_bound": (
        "bound on the weighted variation by sharpness and residual",
        "log",
        "$TV_g$ is at most (sharpness)",
    ),
    "knots": ("knots inside the data", "linear"),
    "mse_inside": ("mean squared error inside", "log"),
    "mse_at_inputs": ("mean squared error at inputs", "log"),
    # Diagonal networks.
    "l0": ("number of non-zero coordinates", "linear", r"$\|\beta\|_0$"),
    "beta_error": ("distance to the true coefficients", "log", r"$\|\beta - \beta^*\|_2$"),
    "off_support_share": (
        "share of the coefficients off the support",
        "log",
        r"share of $\|\beta\|_1$ off the support",
    ),
    # Label noise as a Lasso.
    "noise_level": ("noise level", "log", r"$\eta \delta$"),
    "lasso_distance": ("distance to the Lasso path", "log"),
    "mean_lasso_distance": ("distance of the average to the Lasso path", "log"),
    "mean_lasso_penalty": ("penalty of the Lasso solution nearest to the average", "log"),
    "mean_lasso_error": ("distance of the average to the predicted Lasso solution", "log"),
    "support_precision": ("precision of the support", "linear"),
    "support_recall": ("recall of the support", "linear"),
    "off_support_norm": ("norm of the average off the support", "log"),
    "support_distance": ("distance of the average to the truth on the support", "log"),
    "log_off_lasso_support": ("mean logarithm off the Lasso's support", "linear"),
    "predicted_penalty": ("predicted penalty", "log"),
    "predicted_precision": ("predicted precision of the support", "linear"),
    "predicted_recall": ("predicted recall of the support", "linear"),
    "predicted_support_distance": ("predicted distance on the support", "log"),
    "predicted_fluctuation": ("predicted fluctuation", "log"),
    "predicted_decay": ("predicted decay", "log"),
    # Gradients as noise on the labels.
    "label_noise_gap": ("gap of one step", "log"),
    "label_noise_mean": ("mean of the label noise", "log"),
    "label_noise_variance": ("variance of the label noise", "log"),
}

# What stands on the axis of a figure over a key of an experiment, by the key's path; a number in it
# is a "*", and counted from 1 in the text (`plan/axes.py`). Other keys stand there themselves.
AXES = {
    "iterations": "iterations $T$",
    "algorithm": "algorithm",
    "algorithm.kind": "algorithm",
    "algorithm.batch_size": "batch size",
    "algorithm.sampling": "samples of a batch",
    "algorithm.momentum": "momentum",
    "algorithm.nesterov": "Nesterov's momentum",
    "algorithm.label_noise": "deviation of the label noise",
    "algorithm.precision": "precision",
    "algorithm.weight_decay": "weight decay",
    "algorithm.variance": r"variance of the label noise $\delta$",
    "algorithm.perturbation": "perturbation of the starts",
    "algorithm.substeps": "updates per iteration of SGD",
    "schedule": "schedule",
    "schedule.kind": "schedule",
    "schedule.step_size": r"step size $\eta$",
    "schedule.step_size.of_edge": "step size / edge",
    "schedule.decay_at": "duration of the large steps / T",
    "schedule.divide_by": "step sizes are divided by",
    "problem.n_train": "training samples $n$",
    "problem.noise": "deviation of the noise on labels",
    "problem.corrupted": "share of wrong labels",
    "problem.rows": "training rows",
    "problem.dimension": "number of inputs $d$",
    "problem.support": "non-zero true coefficients $r$",
    "problem.teacher_widths": "widths of the teacher",
    "problem.teacher_widths.*": "width of the teacher's layer {}",
    "model.widths": "widths of the layers",
    "model.widths.*": "width of layer {}",
    "model.activation": "activation",
    "model.loss": "loss",
    "model.weight_scales": "scales of the initial weights",
    "model.weight_scales.*": "scale of the initial weights of layer {}",
    "model.bias_scale": "scale of the initial biases",
    "model.u": "initial value of $u$",
    "model.v": "initial value of $v$",
    # Of a sweep over step size and duration.
    "step_size": r"step size $\eta$ before the decay",
    "decay_at": "duration of the large steps / T",
}

# A simulation module offers `Spec` and `simulate(spec, threads) -> {column: array}`.
SIMULATIONS = {
    "stabilization": "sparsestep.simulations.stabilization",
    "stabilization_paths": "sparsestep.simulations.stabilization_paths",
    "quadratic": "sparsestep.simulations.quadratic",
    "quadratic_paths": "sparsestep.simulations.quadratic_paths",
}

# Simulations with a short table in the report, and a module that offers
# `summarise(spec, table) -> DataFrame`. A module of its own, so that words re-run no simulation.
SUMMARIES = {
    "stabilization": "sparsestep.simulations.stabilization_clauses",
    "quadratic": "sparsestep.simulations.quadratic_errors",
}

# A figure module offers a `Spec`, a `figures.specs.base.FigureSpec`, which says which files
# it needs.
FIGURES = {
    "bifurcation": "sparsestep.figures.specs.bifurcation",
    "quadratic": "sparsestep.figures.specs.quadratic",
    "training_curves": "sparsestep.figures.specs.training_curves",
    "end_values": "sparsestep.figures.specs.end_values",
    "edge_profile": "sparsestep.figures.specs.edge_profile",
    "loss_surface": "sparsestep.figures.specs.loss_surface",
    "loss_surface_animation": "sparsestep.figures.specs.loss_surface_animation",
    "learned_functions": "sparsestep.figures.specs.learned_functions",
    "neurons": "sparsestep.figures.specs.neurons",
    "filters": "sparsestep.figures.specs.filters",
    "valley": "sparsestep.figures.specs.valley",
    "duration_effect": "sparsestep.figures.specs.duration_effect",
    "dependence": "sparsestep.figures.specs.dependence",
    "lasso_profile": "sparsestep.figures.specs.lasso_profile",
    "agreement": "sparsestep.figures.specs.agreement",
    "label_noise": "sparsestep.figures.specs.label_noise",
    "phase_diagram": "sparsestep.figures.specs.phase_diagram",
    "rounding": "sparsestep.figures.specs.rounding",
}

# What draws a kind of figure offers `plot(sources, figure, experiments) -> matplotlib Figure` (or
# `Animation`); a module of its own, so that a config is checked without matplotlib.
DRAWINGS = {
    "bifurcation": "sparsestep.figures.draw.bifurcation",
    "quadratic": "sparsestep.figures.draw.quadratic",
    "training_curves": "sparsestep.figures.draw.training_curves",
    "end_values": "sparsestep.figures.draw.end_values",
    "edge_profile": "sparsestep.figures.draw.edge_profile",
    "loss_surface": "sparsestep.figures.draw.loss_surface",
    "loss_surface_animation": "sparsestep.figures.draw.loss_surface_animation",
    "learned_functions": "sparsestep.figures.draw.learned_functions",
    "neurons": "sparsestep.figures.draw.neurons",
    "filters": "sparsestep.figures.draw.filters",
    "valley": "sparsestep.figures.draw.valley",
    "duration_effect": "sparsestep.figures.draw.duration_effect",
    "dependence": "sparsestep.figures.draw.dependence",
    "lasso_profile": "sparsestep.figures.draw.lasso_profile",
    "agreement": "sparsestep.figures.draw.agreement",
    "label_noise": "sparsestep.figures.draw.label_noise",
    "phase_diagram": "sparsestep.figures.draw.phase_diagram",
    "rounding": "sparsestep.figures.draw.rounding",
}

_TABLES = {
    "problem": PROBLEMS,
    "dataset": DATASETS,
    "model": MODELS,
    "network": NETWORKS,
    "schedule": SCHEDULES,
    "algorithm": ALGORITHMS,
    "trainer": TRAINERS,
    "measure": MEASURES,
    "simulation": SIMULATIONS,
    "summary": SUMMARIES,
    "figure": FIGURES,
    "drawing": DRAWINGS,
}


def module_name(role: str, kind: str, model: str | None = None) -> str:
    """Dotted name of the module that plays `role` for `kind` (of `model`, where that matters).

    Raises ConfigError, naming the valid kinds, when there is none.
    """
    table = _TABLES[role]
    for prefix in _prefixes(model):
        if prefix + kind in table:
            return table[prefix + kind]
    valid = kinds(role, model)
    raise ConfigError(f"unknown {role} {kind!r}; valid: {', '.join(valid)}")


def kinds(role: str, model: str | None = None) -> list[str]:
    """The kinds there are for `role`; with `model`, those that can be used with that model.

    Not the extensions of others.
    """
    hidden = extensions("algorithm" if role == "trainer" else role)
    found = [
        name.removeprefix(prefix)
        for prefix in _prefixes(model)
        for name in _TABLES[role]
        if name.startswith(prefix) and "/" not in name.removeprefix(prefix)
    ]
    return [kind for kind in dict.fromkeys(found) if kind not in hidden]


def extensions(role: str) -> dict[str, str]:
    """The kind that each extension of a role extends."""
    return {extension: kind for kind, extension in EXTENSIONS.get(role, {}).items()}


def extension(role: str, kind: str) -> str | None:
    """The kind with further options of this one, if there is one."""
    return EXTENSIONS.get(role, {}).get(kind)


def lacking(role: str, kind: str, model: str | None = None) -> str:
    """What is missing of the module that plays `role`, in words; empty where nothing is.

    Imports nothing: for what is loaded in jobs alone.
    """
    if not any(prefix + kind in _TABLES[role] for prefix in _prefixes(model)):
        return f"registry.py has no {role} {kind!r}"
    name = module_name(role, kind, model)
    return "" if _is_there(name) else f"the {role} {kind!r} in registry.py, {name}, is not there"


def family(role: str, kind: str) -> str:
    """What a problem hands out or a model takes: "vectors" or "images"."""
    return "images" if kind in OF_IMAGES[role] else "vectors"


def untested(problem: str) -> tuple[str, ...]:
    """Columns that are not measured because a problem of this kind has no test set."""
    return WITHOUT_TEST_SET["columns"] if problem in WITHOUT_TEST_SET["problem"] else ()


@functools.cache
def _is_there(module: str) -> bool:
    path = Path(__file__).parent.joinpath(*module.split(".")[1:])
    return path.with_suffix(".py").is_file() or (path / "__init__.py").is_file()


def _prefixes(model: str | None) -> tuple[str, ...]:
    """What may stand in front of a kind that this model can be used with, the model's own first."""
    if model is not None and family("model", model) == "images":
        return (f"{model}/", "images/")
    return (f"{model}/", "") if model else ("",)


def load(role: str, kind: str, model: str | None = None) -> ModuleType:
    """Import the module that plays `role` for `kind`; raises ConfigError where there is none."""
    name = module_name(role, kind, model)
    if not _is_there(name):
        raise ConfigError(lacking(role, kind, model))
    return import_module(name)
