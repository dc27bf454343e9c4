"""The one look of all figures: theme, colours of the runs, texts of users."""

import textwrap

import matplotlib
import seaborn as sns
from matplotlib.mathtext import MathTextParser

from sparsestep.figures.specs.text import FONT

# Marks in legends, and what belongs to no run.
GREY = "#808080"
# The colour of a run is the same in every figure: the small-step run is grey, longer large-step
# phases go through Okabe and Ito's colour-blind safe palette. The dashes tell the runs apart in
# grey print.
RUNS = {
    "decay-2": ("#595959", (0, (1.5, 0.7))),
    "small": ("#595959", (0, (1.5, 0.7))),
    "decay-10": ("#E69F00", (0, (5, 1))),
    "decay-30": ("#009E73", (0, (3, 1, 1, 1))),
    "decay-50": ("#0072B2", "-"),
    # Gradient descent as SGD with the same large-step phase; they stand side by side in one figure
    # only with sgd-decay-50, which has a colour of its own.
    "gd-small": ("#595959", (0, (1.5, 0.7))),
    "gd-decay-10": ("#E69F00", (0, (5, 1))),
    "gd-decay-30": ("#009E73", (0, (3, 1, 1, 1))),
    "gd-decay-50": ("#0072B2", "-"),
    "sgd-decay-50": ("#D55E00", "-"),
    # On the loss surface: gradient flow, gradient descent, SGD. Its animation has runs of its own,
    # in another shade.
    "flow": ("#595959", (0, (1.5, 0.7))),
    "label-noise": ("#B2182B", "-"),
    "gd": ("#0072B2", (0, (5, 1))),
    "sgd": ("#D55E00", "-"),
    # SGD as stochastic differential equations and as descent on noisy labels, beside flow and sgd.
    "sde": ("#0072B2", (0, (5, 1))),
    "sde-own": ("#009E73", (0, (3, 1, 1, 1))),
    "sde-own-fine": ("#7570B3", (0, (5, 1))),
    "sde-second-moment": ("#A6761D", (0, (1, 1))),
    "noisy-labels": ("#882255", (0, (4, 3))),
    "flow-animated": ("#404040", (0, (1.5, 0.7))),
    "sgd-animated": ("#C84E00", "-"),
}
# For runs of other names, in the order of config.yaml.
OTHERS = [
    ("#CC79A7", (0, (5, 1))),
    ("#56B4E9", (0, (3, 1, 1, 1))),
    ("#8C6D31", "-"),
    ("#6A3D9A", (0, (5, 1))),
    ("#000000", (0, (3, 1, 1, 1))),
]


def apply() -> None:
    """Set the theme; figures are drawn off screen and their SVG ids do not change.

    It goes over matplotlib's own defaults: a user's matplotlibrc is no part of any spec.
    """
    matplotlib.rcdefaults()
    matplotlib.use("Agg")
    sns.set_theme(
        context="paper",
        style="ticks",
        rc={
            "svg.hashsalt": "sparsestep",
            # The first is matplotlib's own. A browser that lacks it finds what is as wide.
            "font.sans-serif": [FONT, "Verdana", "Arial", "sans-serif"],
            "svg.fonttype": "none",
            "pdf.fonttype": 42,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.grid": True,
            "grid.color": "#ececec",
            "grid.linewidth": 0.6,
            "axes.titlesize": "medium",
            "legend.frameon": False,
            "legend.fontsize": "small",
        },
    )


def as_text(text: str, width: int = 80) -> str:
    """The user's text for matplotlib, in lines of at most so many characters.

    With its formulas, or literally if they are not valid.
    """
    lines = textwrap.wrap(text, width)
    try:
        for line in lines:
            MathTextParser("path").parse(line)
    except ValueError:
        lines = [line.replace("$", r"\$") for line in lines]
    return "\n".join(lines)
