"""Data sets of images.

INPUTS: none; archives are downloaded to results/data/, or taken from there.
OUTPUTS: results/data/<dataset>-<id>.safetensors
"""


rule prepare_dataset:
    """A data set's images and labels."""
    output:
        "results/data/{dataset}-{dataset_id}.safetensors",
    log:
        "results/logs/data/{dataset}-{dataset_id}.log",
    benchmark:
        "results/benchmarks/data/{dataset}-{dataset_id}.tsv"
    localrule: True
    params:
        spec=plan.jobs.spec("prepare"),
        code=plan.jobs.code("prepare"),
    shell:
        r"""
        python -m sparsestep.stages.prepare \
            --spec {params.spec:q} \
            --code {params.code:q} \
            --output {output:q} \
            2>{log:q}
        """
