"""Settings of the published ReLU networks, and their problems."""

from sparsestep.problems import generate

MLP = {"kind": "mlp"}
SPECS = {
    "relu_1d": (
        {"kind": "kink_regression", "init_seed": 3, "order_seed": 3, "n_fresh": 300},
        MLP
        | {
            "widths": [100],
            "biases": [True, False],
            "weight_scales": [2.5, 4.0],
            "first_weights": "signs",
            "bias_scale": 2.5,
        },
    ),
    "relu_teacher": (
        {
            "kind": "teacher_student",
            "n_train": 15,
            "n_test": 1000,
            "dimension": 2,
            "n_fresh": 60,
            "teacher_widths": [3],
            "teacher_biases": False,
            "teacher_weights": "unit",
            "data_seed": 1,
            "init_seed": 0,
            "order_seed": 0,
        },
        MLP | {"widths": [20], "biases": [False, False], "weight_scales": [0.5, 0.0]},
    ),
    "relu_three_layer": (
        {
            "kind": "teacher_student",
            "n_train": 50,
            "n_test": 1000,
            "dimension": 5,
            "n_fresh": 181,
            "teacher_widths": [2, 2],
            "teacher_biases": True,
            "teacher_weights": "normal",
            "data_seed": 6,
            "init_seed": 5,
            "order_seed": 5,
        },
        MLP | {"widths": [10, 10], "biases": [True] * 3, "weight_scales": [0.8] * 3},
    ),
}


def make(name, iterations=20, replicates=(0, 2), **changes):
    problem, model = SPECS[name]
    return generate(
        {
            "problem": problem | changes,
            "model": model,
            "iterations": iterations,
            "replicates": list(replicates),
        }
    )
