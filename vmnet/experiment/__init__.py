"""The experiments: from a corpus to networks and rankings, stage by stage."""

from vmnet.experiment.apart import compare
from vmnet.experiment.artists import by_artist
from vmnet.experiment.export import export
from vmnet.experiment.learning import learning_curve
from vmnet.experiment.lengths import compare_lengths
from vmnet.experiment.run import Run, open_run, open_runs
from vmnet.experiment.segments import CLIP
from vmnet.experiment.stages import (
    Dataset,
    check,
    embeddings,
    model,
    network,
    plan,
    prepare,
    prepare_all,
    report,
    require_splits,
    results,
    unusable,
)
from vmnet.experiment.systems import (
    System,
    all_systems,
    baseline_2,
    baselines,
    clip_level,
    seg_vm_net,
    seg_vm_nets,
)

__all__ = [
    "CLIP",
    "Dataset",
    "Run",
    "System",
    "all_systems",
    "baseline_2",
    "baselines",
    "by_artist",
    "check",
    "clip_level",
    "compare",
    "compare_lengths",
    "embeddings",
    "export",
    "learning_curve",
    "model",
    "network",
    "open_run",
    "open_runs",
    "plan",
    "prepare",
    "prepare_all",
    "report",
    "require_splits",
    "results",
    "seg_vm_net",
    "seg_vm_nets",
    "unusable",
]
