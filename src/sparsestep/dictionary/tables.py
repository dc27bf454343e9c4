"""Definitions of the columns of the tables in results/ that are no metrics."""

from sparsestep.dictionary.metrics import Definition

_KEYS = {
    "replicate": Definition(
        "Number of the replicate: 0 has the published seeds, others derived ones.",
        "0, 1, ...",
        "config.yaml",
    ),
    "iteration": Definition(
        "Number of updates before the snapshot: parameters are those before the update of this "
        "iteration.",
        "0, 1, ..., at most T",
        "config.yaml (snapshots)",
    ),
    "diverged_at": Definition(
        "Iteration at which the replicate diverged, -1: it survived. From there on metrics of its "
        "parameters are NaN.",
        "-1, 0, ..., T",
        "training",
    ),
}
_SWEPT = {
    "step_size": Definition("eta before the decay.", "> 0", "config.yaml (sweeps)"),
    "decay_at": Definition(
        "Duration of the large steps, as a fraction of T.", "0 to 1", "config.yaml (sweeps)"
    ),
}
_OVER_KEYS = {
    "<key>": Definition(
        "Value of a key of `over`: a column for each, named by its path, as "
        "model.widths.0; of a step size in units of the edge, the fraction.",
        "number or text",
        "config.yaml (sweeps)",
    ),
}
_OF_POINTS = {
    "edge": Definition(
        "Where edges are asked for or needed: the replicate's edge at this "
        "point; NaN where none is found.",
        "> 0",
        "training/edge.py",
    ),
}
_RUNS = {
    "experiment": Definition("Name of the experiment.", "text", "config.yaml"),
    "run": Definition("Name of the run.", "text", "config.yaml"),
}
_SUMMARY = {
    **_RUNS,
    "replicate": _KEYS["replicate"],
    "metric": Definition(
        "A metric; also diverged, and diverged_at, the iteration (NaN: it survived).",
        "text",
        "config.yaml (measure)",
    ),
    "value": Definition(
        "The metric at the last snapshot; NaN for a replicate that diverged.",
        "as the metric",
        "measurements",
    ),
}
_COUNT, _P, _VERDICT = "0, 1, ...", "0 to 1", "holds, not shown, contradicted"
_PAIRS = "pairs of replicates"
_CLAIMS = {
    "experiment": _RUNS["experiment"],
    "claim": Definition(
        "sparser, better: the longer the large steps last, the smaller the metric at the last "
        "snapshot; stabilises: high, stabilises: flat: large steps hold the loss at a high level "
        "until the decay; trend: the nearer step sizes come to the edge, the smaller the metric; "
        "agrees: run B ends where A ends, within a margin.",
        "text",
        "config.yaml (claims)",
    ),
    "metric": Definition("The metric that the claim is about.", "text", "config.yaml (claims)"),
    "run_a": Definition(
        "Run A; of stabilises: high the one with small steps, of a trend that with the smallest "
        "fraction of the edge, of agrees the reference.",
        "text",
        "config.yaml",
    ),
    "run_b": Definition(
        "Run B; of stabilises: high the one with large steps, of flat A itself, of a trend that "
        "with the largest fraction of the edge.",
        "text",
        "config.yaml",
    ),
    **{
        f"phase_{run}": Definition(
            f"Length of the large-step phase of {run.upper()} as a fraction of its iterations: up "
            "to the first decay, 0 if there is none: of `cosine` and `cyclic`, and of "
            "`linear_decay` from the start, there is none.",
            "0 to 1",
            "config.yaml (schedule)",
        )
        for run in "ab"
    },
    "replicates": Definition("All replicates.", _COUNT, "config.yaml"),
    **{
        f"survivors_{run}": Definition(
            f"Those with a value under {run.upper()}.", _COUNT, "measurements"
        )
        for run in "ab"
    },
    "survivors_both": Definition("Those with a value under both.", _COUNT, "measurements"),
    "unfit": Definition(
        "Of these, those that coincide in all that is measured counted once, how many are left out "
        "because the network of A or of B does not fit (fits in config.yaml, of sparser, and of "
        "trend where the effect is a difference; of a trend itself, because the network fits under "
        "fewer than three runs).",
        _COUNT,
        "measurements",
    ),
    "pairs": Definition(
        "The others; of a trend, the replicates that have one.", _COUNT, "measurements"
    ),
    **{
        f"median_{run}": Definition(
            f"Median over the pairs under {run.upper()}: of the same replicates.",
            "as the metric",
            _PAIRS,
        )
        for run in "ab"
    },
    **{
        f"train_loss_{run}": Definition(
            f"Median over the pairs of train_loss at the last snapshot under {run.upper()} "
            "(sparser, better): what does not fit is no evidence for sparsity.",
            ">= 0",
            _PAIRS,
        )
        for run in "ab"
    },
    "lower": Definition(
        "Pairs whose effect is below the claim's bound: 0 for a difference, 1 for a ratio, so "
        "those with B below A; 0 for tau; 2 for high; 1/2 for flat; 1 / margin for agrees.",
        _COUNT,
        _PAIRS,
    ),
    "equal": Definition(
        "Pairs at the bound; for flat, from 1/2 to 2; for agrees, within the margin.",
        _COUNT,
        _PAIRS,
    ),
    "higher": Definition(
        "Pairs above the bound; for flat, above 2; for agrees, above the margin.", _COUNT, _PAIRS
    ),
    "effect_kind": Definition(
        "difference, b - a (sparser); ratio, b / a (better, stabilises, agrees); either, or "
        "Kendall's tau-b between fraction of the edge and metric (trend).",
        "difference, ratio, tau",
        "claim",
    ),
    "effect": Definition("Median of the effect over the pairs.", "real", _PAIRS),
    "low": Definition(
        "Lower end of the effect's exact 95 % interval: the k-th effect from below, see Verdicts.",
        "real",
        "sign test",
    ),
    "high": Definition("Its upper end: the k-th from above.", "real", "sign test"),
    "p": Definition(
        "Two-sided p of the sign test at the claim's bound: lower against higher, equal left out. "
        "Of flat and agrees, the larger of those at both bounds.",
        _P,
        "sign test",
    ),
    "p_holm": Definition(
        "p corrected for the family, all rows with the same claim, for the probability of a single "
        "false one.",
        _P,
        "Holm (1979)",
    ),
    "p_fdr": Definition(
        "p corrected for the same family, for the share of false ones.",
        _P,
        "Benjamini and Hochberg (1995)",
    ),
    "verdict": Definition("Whether the interval is on the claim's side.", _VERDICT, "Verdicts"),
    "verdict_corrected": Definition(
        "The same where p_fdr is at most 0.05, else not shown.", _VERDICT, "Verdicts"
    ),
    "lost": Definition(
        "Replicates (that do not coincide) with a value under A, and a network that fits if fits "
        "is asked, which under B diverge or do not fit; for flat, all that diverge.",
        _COUNT,
        "measurements",
    ),
    "median_a_of_lost": Definition(
        "Their median under A, to be compared with median_a: whether those that are lost are like "
        "those that make pairs.",
        "as the metric",
        "measurements",
    ),
    "p_lost_against": Definition(
        "p with each lost replicate as one more pair, whose effect is infinite (minus infinite, of "
        "high). A lost replicate that has a trend counts once, against it.",
        _P,
        "sign test",
    ),
    "verdict_lost_against": Definition("Verdict with the same.", _VERDICT, "Verdicts"),
    **{
        f"published_{run}": Definition(
            f"What the paper's figure ends with under {run.upper()}, one seed; NaN where it is not "
            "published, and for claims that do not compare end values.",
            "as the metric",
            "config.yaml (published)",
        )
        for run in "ab"
    },
    "published_effect": Definition(
        "The difference or ratio of the two, as effect_kind says.",
        "real",
        "config.yaml (published)",
    ),
}
_OVER = "replicates that survive"
_PUBLISHED = {
    "figure": Definition("Figure of the paper.", "text", "config.yaml (published)"),
    "source": Definition(
        "digitised: read off the figure, known to 0.2 %; text, notebook: to the digits there.",
        "digitised, text, notebook",
        "config.yaml (published)",
    ),
    **_RUNS,
    "metric": Definition("The metric.", "text", "config.yaml (published)"),
    "published": Definition(
        "Its end value in the figure, one seed, in the units of our tables.",
        "as the metric",
        "the paper",
    ),
    "replicate_0": Definition(
        "Our replicate 0 at the last snapshot; NaN where it diverged.",
        "as the metric",
        "measurements",
    ),
    "replicate_0_diverged_at": Definition(
        "Iteration at which it diverged; NaN: it did not.", "0, ..., T", "training"
    ),
    "replicates": Definition("All replicates.", _COUNT, "config.yaml"),
    "survivors": Definition("Those with a value at the last snapshot.", _COUNT, "measurements"),
    "median": Definition("Their median.", "as the metric", _OVER),
    "low": Definition("Their 10 % quantile.", "as the metric", _OVER),
    "high": Definition("Their 90 % quantile.", "as the metric", _OVER),
    "min": Definition("The smallest.", "as the metric", _OVER),
    "max": Definition("The largest.", "as the metric", _OVER),
    "verdict": Definition(
        "equal: replicate_0 is the published value to three digits (0.2 % more where it was read "
        "off a figure); within: it lies from min to max, to its uncertainty; outside: it does not, "
        "for the reason given; open: for no reason that is known.",
        "equal, within, outside, open, no survivor",
        "report/published.py",
    ),
    "within_80": Definition(
        "1 where the published value lies from low to high, to its uncertainty, else 0.",
        "0 or 1",
        "report/published.py",
    ),
    "reason": Definition(
        "Why it lies outside, with the replicates that show it; of an open one, why the reason in "
        "config.yaml was dropped.",
        "text",
        "config.yaml (published)",
    ),
}
_DIVERGENCE = {
    **_RUNS,
    "perturbation": Definition(
        "Relative size of the perturbation of the starts; 0: none.", ">= 0", "config.yaml"
    ),
    "replicates": Definition(
        "Replicates that count: drawn by chance.", _COUNT, "measures/shares.py"
    ),
    "diverged": Definition("How many of them diverged.", _COUNT, "training"),
    "share": Definition("diverged / replicates.", "0 to 1", "measurements"),
    "low": Definition("Lower end of the share's exact 95 % interval.", "0 to 1", "binomial"),
    "high": Definition("Its upper end.", "0 to 1", "binomial"),
    "lyapunov_time": Definition(
        "Of copies: iterations in which their separation from replicate 0 grows by a factor of e; "
        "NaN where it does not, or too fast for a fit, and where replicates differ in more than "
        "the perturbation.",
        "> 0",
        "measures/separation.py",
    ),
}
# By the file's name in results/.
TABLES = {
    "measurements.parquet": _KEYS,
    "summary.csv": _SUMMARY,
    "claims.csv": _CLAIMS,
    "published.csv": _PUBLISHED,
    "divergence.csv": _DIVERGENCE,
    "sweeps/<sweep>.csv": {**_SWEPT, **_KEYS},
    "sweeps/<sweep>.csv, over keys": {**_OVER_KEYS, **_KEYS, **_OF_POINTS},
}
