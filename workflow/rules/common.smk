"""The plan that all rules ask.

INPUTS: config.yaml. OUTPUTS: `plan` (see src/sparsestep/plan/jobs.py), global wildcard constraints.
"""

from snakemake.logging import logger

from sparsestep.images.compute import hand_to_jobs, require_compiler
from sparsestep.images.datasets.retrieval import bring
from sparsestep.problems.tabular.found import hand_to_jobs as hand_tables_to_jobs
from sparsestep.runtime.clocks import not_ahead
from sparsestep.runtime.environment import set_for_jobs
from sparsestep.errors import ConfigError, SparsestepError
from sparsestep.runtime.forced import tell_jobs
from sparsestep.runtime.locking import release_stale_lock, start_one_by_one, started
from sparsestep.runtime.orphans import name_parent
from sparsestep.runtime.outages import expect_outages
from sparsestep.runtime.read_only import look_through
from sparsestep.report import findings, rest
from sparsestep.plan import (
    WILDCARDS,
    Plan,
    check_results_folder,
    check_results_writable,
)

name_parent()

# Relative to where Snakemake runs, so that a copy of the whole folder finds nothing to redo.
PAGES = os.path.relpath(ROOT / "workflow" / "report")

try:
    set_for_jobs(SOURCES)
    expect_outages(ROOT / "workflow" / "slurm", main=workflow.is_main_process)
    # Of a module with a `prefix:`, below that.
    RESULTS = Path(workflow.modifier.modify_path("results"))
    check_results_folder(RESULTS)
    plan = Plan(config)
    FINDINGS = findings.checked_files(f"{PAGES}/findings", plan.figures.wanted())
    SWEPT = findings.sweeps_in(FINDINGS, plan.sweeps.wanted())
    CAPTIONS = [f"{PAGES}/{kind}.rst" for kind in plan.figures.by_kind()]
    NOTES = [
        f"{PAGES}/tables/{kind}.rst" for kind in plan.simulations.summarised_by_kind()
    ]
    rest.check_all(
        {
            f"figures.{name}.caption": of.caption
            for name, of in plan.figures.blocks.items()
        }
    )
    TEMPLATE = f"{PAGES}/page.html"
    findings.require_captions([*CAPTIONS, *NOTES, TEMPLATE])
    READ = not_ahead(
        [*CAPTIONS, *NOTES, *FINDINGS, TEMPLATE],
        Path(".snakemake/sparsestep/copies"),
        tell=workflow.is_main_process,
    )
    hand_to_jobs(plan.config.compute)
    hand_tables_to_jobs()
    # Of a module Snakemake calls no `onstart`.
    is_main = workflow.is_main_process and workflow.modifier.is_main_snakefile()
    if is_main and not workflow.output_settings.dryrun:
        start_one_by_one(Path(".snakemake"))
    release_stale_lock(Path(".snakemake"), main=workflow.is_main_process)
except ConfigError as error:
    raise WorkflowError(str(error)) from None

if workflow.is_main_process:
    for line in plan.report.remarks():
        logger.warning(f"sparsestep: {line}")

# What the captions of `snakemake --report` read: experiments that say everything. A new dictionary,
# because that of a module is the importing workflow's.
config = {**config, **plan.config.model_dump(mode="json")}

# Two rules make trajectories, and two measure them.
EXPERIMENTS_ON_IMAGES = plan.experiments.name_pattern("images")
EXPERIMENTS_ON_VECTORS = plan.experiments.name_pattern("vectors")
# What a job on images asks for beside a core.
GPU = {"gpu": 1} if plan.config.compute.asks_for_gpu() else {}


def require_results():
    """Who does not start a job may look at results that cannot be written."""
    try:
        check_results_writable(RESULTS)
    except ConfigError as error:
        raise WorkflowError(str(error)) from None


if workflow.is_main_process:
    view = workflow.snakemake_tmp_dir / "state"
    look_through(view, Path(".snakemake"), require_results)


# Snakemake calls this when it holds its lock, before the first job, and only where there is one.
onstart:
    started()
    require_results()
    if workflow.is_main_process:
        tell_jobs(workflow.dag_settings)
    jobs = [] if workflow.touch else list(workflow.dag.needrun_jobs())
    datasets = {
        j.wildcards.dataset for j in jobs if j.rule.name == "prepare_dataset"
    }
    try:
        # Elsewhere, on a cluster, the jobs say it.
        if workflow.local_exec and any(
            job.rule.name == "train_images" for job in jobs
        ):
            require_compiler(plan.config.compute)
        for dataset in sorted(datasets):
            bring(dataset, plan.config.compute)
    except SparsestepError as error:
        raise WorkflowError(str(error)) from None


wildcard_constraints:
    **WILDCARDS,
