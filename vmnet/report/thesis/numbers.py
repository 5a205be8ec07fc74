"""The numbers that the thesis prints in chapters 4 to 6 and in appendices B and C.

`numbers.csv` has them, one row a number, under the key of our results (`KEY`), so that both join:
part, system, group, direction, metric; `value` and `ci95` as printed, `note` what to know of it.
The tables of chapter 5 are in `vmnet/report/paper.csv` and are taken from there.

Part "C.4" has the sizes of the networks, too (`parameters`): table C.4 prints them in millions, and
tables 4.1 and C.1 to C.3 to the digit. Part "intra" has two systems that chapters 5 and 7 both
print, with and without intra-modal terms. Part "6.2" has counts of films (`films_bar`) and percent
(`bar`) for films whose dominant shot agrees with the bar, the beat and four bars; of a genre, or of
"all".

References
----------
Prétet, "Metric Learning for Video to Music Recommendation", 2022.
"""

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

from vmnet.report import paper
from vmnet.report.thesis.results import KEY

if TYPE_CHECKING:
    import pandas as pd

OF_CHAPTER_5 = {
    "5.1": {"handcrafted": "triplet", "handcrafted_bce": "bce"},
    "5.2": {name: name for name in ("handcrafted", "musimnet", "musicnn", "audioset", "openl3")},
    "5.3": {"audioset": "mean", "audioset_autopool": "autopool", "audioset_attention": "attention"},
}
"""What the systems of `paper.csv` are called in each table: after what the table compares."""


@cache
def numbers() -> "pd.DataFrame":
    """Return every printed number; the frame is shared, so copy it before a change.

    Returns
    -------
    part, system, group, direction, metric : texts, the key
    value, ci95 : float, NaN for no interval
    note : text
    """
    import pandas as pd

    text = dict.fromkeys((*KEY, "note"), str)
    own = pd.read_csv(Path(__file__).with_name("numbers.csv"), dtype=text, keep_default_na=False)
    own = own.assign(**{column: pd.to_numeric(own[column]) for column in ("value", "ci95")})
    return pd.concat([own, _chapter_5()], ignore_index=True)[list(own)]


def _chapter_5() -> "pd.DataFrame":
    """Return tables 5.1 to 5.3 under the key of the thesis' results."""
    import pandas as pd

    found = paper.numbers()
    found = found[found["source"] == "thesis"].assign(group="")
    tables = []
    for part, names in OF_CHAPTER_5.items():
        there = found["table"].str.split().map(lambda several, part=part: part in several)
        rows = found[there & found["system"].isin(names)]
        tables.append(rows.assign(part=part, system=rows["system"].map(names)))
    return pd.concat(tables)


@cache
def values() -> "pd.Series":
    """Return the printed numbers by key; a half width has the metric of its number and " ci95"."""
    import pandas as pd

    found = numbers().set_index(list(KEY))
    widths = found["ci95"].dropna().rename(lambda metric: f"{metric} ci95", level="metric")
    return pd.concat([found["value"], widths])


def printed(part: str) -> "pd.DataFrame":
    """Return the numbers of one part.

    Raises
    ------
    ValueError
        If the thesis prints none of that name.
    """
    found = numbers()[numbers()["part"] == part]
    if found.empty:
        raise ValueError(f"the thesis prints no numbers of part {part!r}")
    return found.reset_index(drop=True)
