"""Figures.

INPUTS: measurements of the experiments that a figure shows, or their problem and trajectories,
or simulations, or sweeps and their edges
OUTPUTS: results/figures/<figure>.{svg,png,pdf}, and .gif of an animation
"""

# A rule a kind of figure, because a rule has one caption and captions explain how to read a kind.
for kind, names in plan.figures.by_kind().items():
    shown, *others = plan.figures.formats(kind)

    rule:
        name:
            f"draw_{kind}"
        input:
            unpack(lambda wildcards: plan.figures.input_paths(wildcards.figure)),
        output:
            report(
                f"results/figures/{{figure}}.{shown}",
                caption=f"../report/{kind}.rst",
                category="Figures",
                labels={"figure": "{figure}"},
            ),
            [f"results/figures/{{figure}}.{suffix}" for suffix in others],
        log:
            "results/logs/figures/{figure}.log",
        benchmark:
            "results/benchmarks/figures/{figure}.tsv"
        wildcard_constraints:
            figure="|".join(names),
        localrule: True
        params:
            spec=plan.jobs.spec("figure"),
            code=plan.jobs.code("figure"),
        shell:
            r"""
            python -m sparsestep.stages.figure \
                @<(printf '%s\n' --spec {params.spec:q} --tables {input.tables:q}) \
                @<(printf '%s\n' --sweeps {input.sweeps:q} --edges {input.edges:q}) \
                @<(printf '%s\n' --problems {input.problems:q} --trajectories {input.trajectories:q}) \
                --code {params.code:q} \
                --simulations {input.simulations:q} \
                --outputs {output:q} \
                2>{log:q}
            """
