"""The numbers of chapters 4 to 6: tidy tables of one format, one row a number.

| column | |
|---|---|
| `corpus` | its name |
| `kind` | real, rendered or simulated; one file may hold several |
| `part` | the thesis' table, or what stands for one: "4.2", "C.4", "5.1", "dispersion", "6.3" |
| `system` | what was measured: "tl_distance", "bce", "observed"; a control: "chance", "null" |
| `group` | a genre or another part of the clips: "music:Pop", "video:Dance", "all"; "" where none |
| `direction` | V2M or M2V; "" where there is none |
| `metric` | "map_at_20" and the like and R@1 in percent, mean_rank, S_segments, ... |
| `seed` | of corpus, split and network |
| `n` | queries or clips that the number is of |
| `value`, `ci95` | the number, and the half width of its 95 % interval over those; NaN for none |

The printed numbers have the same key (`KEY`), so that both join: see
`vmnet.report.thesis.numbers`. Files are `results_08.csv` to `results_10.csv`, one a notebook.
"""

import math
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

from vmnet.errors import VmnetError

if TYPE_CHECKING:
    import pandas as pd

COLUMNS = (
    "corpus", "kind", "part", "system", "group", "direction", "metric", "seed", "n", "value",
    "ci95",
)  # fmt: skip
KEY = ("part", "system", "group", "direction", "metric")
KINDS = ("real", "rendered", "simulated")
DIRECTIONS = ("V2M", "M2V", "")
FILES = {"4": "results_08.csv", "5": "results_09.csv", "6": "results_10.csv"}
"""The file of each chapter."""

_TEXT = ("corpus", *KEY, "kind")
_MAY_BE_EMPTY = ("group", "direction")


def kind_of(corpus_kind: str) -> str:
    """Return the kind of results from the kind of a corpus, as `run.corpus.kind` says it.

    >>> kind_of("features"), kind_of("folder, 3 of 3 rendered"), kind_of("simulated")
    ('real', 'rendered', 'simulated')
    """
    return next((kind for kind in KINDS[1:] if kind in corpus_kind), KINDS[0])


def catalog_folder(figures: Path, catalog: str) -> Path:
    """Return where the results of a catalog of one's own lie: in a folder of the run's figures.

    It is named after the catalog and, as another may have that name, its place.

    >>> catalog_folder(Path("figures/demo"), "").as_posix()
    'figures/demo'
    """
    from vmnet import store

    if not catalog:
        return figures
    place = Path(catalog).expanduser().resolve()
    return figures / store.file_name(f"catalog={place.name}-{store.key(folder=place)[:6]}")


def row(
    *,
    corpus: str,
    kind: str,
    part: str,
    system: str,
    metric: str,
    value: float,
    n: int,
    seed: int = 0,
    group: str = "",
    direction: str = "",
    ci95: float = math.nan,
) -> dict[str, Any]:
    """Return one number as a row of the format.

    Raises
    ------
    ValueError
        If the kind or the direction is unknown, a key is empty, or a number is none.
    """
    found = {
        "corpus": corpus, "kind": kind, "part": part, "system": system, "group": group,
        "direction": direction, "metric": metric, "seed": int(seed), "n": int(n),
        "value": float(value), "ci95": float(ci95),
    }  # fmt: skip
    if wrong := _wrong(found):
        raise ValueError(wrong)
    return found


def table(rows: Iterable[Mapping[str, Any]]) -> "pd.DataFrame":
    """Return rows of `row` as a frame.

    Raises
    ------
    ValueError
        If a row is no row, or a number is given twice.
    """
    import pandas as pd

    frame = pd.DataFrame([row(**dict(each)) for each in rows], columns=list(COLUMNS))
    twice = frame[frame.duplicated(["corpus", "kind", *KEY, "seed"])]
    if not twice.empty:
        raise ValueError(f"a number is given twice: {_named(twice.iloc[0])}")
    return frame


def read(path: Path) -> "pd.DataFrame":
    """Read a file of the format, checked.

    Raises
    ------
    VmnetError
        If it is no such file; the text names it, and its first wrong line.
    """
    import pandas as pd

    path = Path(path)
    again = "run its notebook again."
    try:
        text = dict.fromkeys(_TEXT, str)
        frame = pd.read_csv(path, dtype=text, keep_default_na=False, na_values={"ci95": [""]})
        absent = [column for column in COLUMNS if column not in frame]
        if absent or frame.empty:
            what = f"lacks the columns {', '.join(absent)}" if absent else "has no rows"
            raise VmnetError(f"{path} {what}: {again}")
        frame = frame.astype({"seed": int, "n": int, "value": float, "ci95": float})
    except FileNotFoundError:
        raise VmnetError(f"{path} is missing: `./run_all.sh --thesis` makes it.") from None
    except ValueError as error:  # pandas' own errors, too
        raise VmnetError(f"{path} is no table of results ({error}): {again}") from None
    for line, found in enumerate(frame.to_dict("records"), 2):
        if wrong := _wrong(found):
            raise VmnetError(f"{path}, line {line}: {wrong}: {again}")
    twice = frame[frame.duplicated(["corpus", "kind", *KEY, "seed"])]
    if not twice.empty:
        named = _named(twice.iloc[0])
        raise VmnetError(f"{path}, line {twice.index[0] + 2}: {named} is there twice: {again}")
    return frame[list(COLUMNS)]


def about(results: "pd.DataFrame") -> str:
    """Say whose numbers a table has: "Ours: rendered data (rendered-demo), 140 clips, 1 seed."."""
    parts = []
    for (kind, corpus), some in results.groupby(["kind", "corpus"], sort=False):
        sizes = sorted(some["n"].unique())
        n = f"{sizes[0]:,}" if len(sizes) == 1 else f"{sizes[0]:,} to {sizes[-1]:,}"
        seeds = some["seed"].nunique()
        mean = f"mean of {seeds} seeds" if seeds > 1 else "1 seed"
        parts.append(f"{kind} data ({corpus}), n = {n}, {mean}")
    return f"Ours: {'; '.join(parts)}. ± is the 95 % interval over the queries or clips."


def _wrong(found: Mapping[str, Any]) -> str:
    """Say what is wrong with a row, "" where nothing is."""
    for column, known in {"kind": KINDS, "direction": DIRECTIONS}.items():
        if found[column] not in known:
            listed = ", ".join(filter(None, known))
            return f"{column} is {found[column]!r}, and may be {listed}"
    for column in _TEXT:
        if not isinstance(found[column], str):
            return f"{column} is {found[column]!r}, no text"
        if not found[column] and column not in _MAY_BE_EMPTY:
            return f"{column} is empty"
    if not math.isfinite(found["value"]):
        return f"value is {found['value']} for {_named(found)}"
    if found["ci95"] < 0:
        return f"ci95 is {found['ci95']} for {_named(found)}"
    if found["n"] < 0 or found["seed"] < 0:
        return f"n is {found['n']} and seed {found['seed']} for {_named(found)}"
    return ""


def _named(found: Mapping[str, Any]) -> str:
    return ", ".join(f"{column} {found[column]}" for column in KEY if found[column])
