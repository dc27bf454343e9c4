"""Targets beside `all`: figures, measurements, and one for each experiment, by its name.

INPUTS: figures and measurements. OUTPUTS: none.
"""


rule figures:
    """Every figure, as svg, png and pdf."""
    input:
        plan.figures.paths(),


rule measurements:
    """Every measurement table."""
    input:
        plan.experiments.measurement_paths(),


try:
    TARGETS = plan.targets(reserved=[rule.name for rule in workflow.rules])
except ConfigError as error:
    raise WorkflowError(str(error)) from None

for experiment in TARGETS:

    rule:
        name:
            experiment
        input:
            plan.target_paths(experiment),
