"""Seg-VM-Net: recommend music for a video by aligning segments (Prétet et al., IEEE TMM 2022).

The public names, each loaded when it is asked for, so that `import vmnet` takes no time:

- experiments: `open_run`, `open_runs`, `prepare`, `seg_vm_nets`, `embeddings`, `results`;
- music for a film: `save_model`, `load_model`, `build_index`, `Index`, `open_query`, `recommend`;
- films for a track: `open_sound`, `videos_for`;
- features to share: `export`;
- segments in order: `Sequences`, `distance_matrix`, `align`, `evaluate`;
- what is open to more: `SEGMENTERS`, `EXTRACTORS`, `DISTANCES`, `SCENARIOS` (CONTRIBUTING.md).

Examples
--------
Rank the music of every test clip for its video, in a small simulated corpus:

>>> import vmnet
>>> data = vmnet.prepare(vmnet.open_run("toy"))
>>> table = vmnet.results(data, vmnet.seg_vm_nets, ["trace"])
>>> list(table.segmenter.unique()), int(table.n_clips[0])
(['foote', 'sf', 'olda', 'transnet'], 12)
"""

from importlib import import_module
from typing import Any

__version__ = "0.1.0"

_MODULES = {
    "vmnet.experiment": (
        "open_run", "open_runs", "prepare", "seg_vm_nets", "embeddings", "results", "export",
    ),
    "vmnet.catalog.model": ("save_model", "load_model"),
    "vmnet.catalog.build": ("build_index",),
    "vmnet.catalog.index": ("Index",),
    "vmnet.catalog.query": ("open_query",),
    "vmnet.catalog.recommend": ("recommend",),
    "vmnet.catalog.reverse": ("open_sound", "videos_for"),
    "vmnet.aligners": ("Sequences", "distance_matrix", "align", "DISTANCES"),
    "vmnet.evaluation.experiment": ("evaluate",),
    "vmnet.evaluation": ("SCENARIOS",),
    "vmnet.segmenters": ("SEGMENTERS",),
    "vmnet.features": ("EXTRACTORS",),
}  # fmt: skip
_MODULE_OF = {name: module for module, names in _MODULES.items() for name in names}

__all__ = tuple(_MODULE_OF)


def __getattr__(name: str) -> Any:
    if name not in _MODULE_OF:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_MODULE_OF[name]), name)


def __dir__() -> list[str]:
    return sorted({*globals(), *__all__})
