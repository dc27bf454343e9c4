"""Simulations that train no network, and their short tables.

INPUTS: none
OUTPUTS: results/simulations/<simulation>-<id>.parquet, results/tables/<simulation>.csv
"""


rule run_simulation:
    """All that a simulation computes."""
    output:
        "results/simulations/{simulation}-{simulation_id}.parquet",
    log:
        "results/logs/simulations/{simulation}-{simulation_id}.log",
    benchmark:
        "results/benchmarks/simulations/{simulation}-{simulation_id}.tsv"
    resources:
        mem_mb=lambda wildcards, attempt: 2000 * attempt,
        runtime=lambda wildcards, attempt: 20 * attempt,
    params:
        spec=plan.jobs.spec("simulate"),
        code=plan.jobs.code("simulate"),
    shell:
        r"""
        python -m sparsestep.stages.simulate \
            --spec {params.spec:q} \
            --code {params.code:q} \
            --threads {threads} \
            --output {output:q} \
            2>{log:q}
        """


# A rule a kind, because a rule has one caption.
for kind, names in plan.simulations.summarised_by_kind().items():

    rule:
        name:
            f"tabulate_{kind}"
        input:
            table=lambda wildcards: plan.simulations.path(wildcards.simulation),
        output:
            report(
                "results/tables/{simulation}.csv",
                caption=f"../report/tables/{kind}.rst",
                category="Tables",
                labels={"table": "{simulation}"},
            ),
        log:
            "results/logs/tables/{simulation}.log",
        benchmark:
            "results/benchmarks/tables/{simulation}.tsv"
        wildcard_constraints:
            simulation="|".join(names),
        localrule: True
        params:
            spec=plan.jobs.spec("tabulate"),
            code=plan.jobs.code("tabulate"),
        shell:
            r"""
            python -m sparsestep.stages.tabulate \
                --spec {params.spec:q} \
                --code {params.code:q} \
                --table {input.table:q} \
                --output {output:q} \
                2>{log:q}
            """


rule simulations:
    """Every simulation, and the short tables."""
    input:
        plan.simulations.paths() + plan.simulations.short_table_paths(),
