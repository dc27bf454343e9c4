"""Targets beside `all`: figures, measurements, and one for each experiment, by its name.

INPUTS: figures and measurements. OUTPUTS: none.
"""


rule figures:
    """Every figure, as svg, png and pdf."""
    input:
        plan.figure_paths(),


rule measurements:
    """Every measurement table."""
    input:
        plan.measurement_paths(),


taken = {rule.name for rule in workflow.rules}
for experiment in plan.experiments:
    if experiment in taken:
        raise WorkflowError(
            f"experiments.{experiment}: a rule of the workflow has this name; choose another"
        )

    rule:
        name:
            experiment
        input:
            plan.experiment_paths(experiment),
