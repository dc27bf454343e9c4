"""Figures.

INPUTS: measurements of the experiments that a figure shows
OUTPUTS: results/figures/<figure>.{svg,png,pdf}
"""

# A rule a kind of figure, because a rule has one caption and captions explain how to read a kind.
for kind, names in plan.figures_by_kind().items():

    rule:
        name:
            f"draw_{kind}"
        input:
            tables=lambda wildcards: plan.figure_inputs(wildcards.figure),
        output:
            report(
                "results/figures/{figure}.svg",
                caption=f"../report/{kind}.rst",
                category="Figures",
                labels={"figure": "{figure}"},
            ),
            "results/figures/{figure}.png",
            "results/figures/{figure}.pdf",
        log:
            "results/logs/figures/{figure}.log",
        benchmark:
            "results/benchmarks/figures/{figure}.tsv"
        wildcard_constraints:
            figure="|".join(names),
        params:
            spec=plan.figure_spec,
            code=plan.code("figure"),
        shell:
            r"""
            python -m sparsestep.stages.figure \
                --spec {params.spec:q} \
                --code {params.code:q} \
                --tables {input.tables:q} \
                --outputs {output:q} \
                2>{log:q}
            """
