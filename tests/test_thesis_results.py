"""The format of our numbers of the thesis' chapters: what is kept, and what is refused."""

import math

import pytest

from vmnet.errors import VmnetError
from vmnet.report.tables import Table
from vmnet.report.thesis import results

GOOD = {
    "corpus": "rendered-demo", "kind": "rendered", "part": "4.2", "system": "tl_distance",
    "metric": "map_at_20", "value": 16.8, "n": 140, "ci95": 1.8,
}  # fmt: skip


def test_a_row_has_every_column_in_order():
    row = results.row(**GOOD)
    assert tuple(row) == results.COLUMNS
    assert (row["group"], row["direction"], row["seed"], row["ci95"]) == ("", "", 0, 1.8)
    assert math.isnan(results.row(**{k: v for k, v in GOOD.items() if k != "ci95"})["ci95"])


@pytest.mark.parametrize(
    ("changed", "message"),
    [
        ({"kind": "features"}, "kind is 'features', and may be real, rendered, simulated"),
        ({"direction": "V2V"}, "direction is 'V2V', and may be V2M, M2V"),
        ({"system": ""}, "system is empty"),
        ({"part": 4.2}, "part is 4.2, no text"),
        ({"value": math.nan}, "value is nan for part 4.2, system tl_distance, metric map_at_20"),
        ({"ci95": -1.0}, "ci95 is -1.0"),
        ({"n": -1}, "n is -1"),
    ],
)
def test_what_is_no_row_is_refused(changed, message):
    with pytest.raises(ValueError, match=message):
        results.row(**(GOOD | changed))


def test_a_number_is_given_once():
    with pytest.raises(ValueError, match=r"twice: part 4\.2, system tl_distance"):
        results.table([GOOD, GOOD | {"value": 3.0}])
    assert len(results.table([GOOD, GOOD | {"seed": 1}])) == 2


def test_what_is_written_is_read_again(tmp_path):
    table = results.table([GOOD, GOOD | {"system": "chance", "ci95": math.nan, "group": "NA"}])
    table.to_csv(tmp_path / "results_08.csv", index=False)
    again = results.read(tmp_path / "results_08.csv")
    assert again["part"].tolist() == ["4.2", "4.2"]  # text, as are all keys
    assert again["group"].tolist() == ["", "NA"]
    assert again.equals(table)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("corpus,kind\na,real\n", "lacks the columns part, system"),
        (",".join(results.COLUMNS) + "\n", "has no rows"),
        ("", "is no table of results"),
        (
            ",".join(results.COLUMNS) + "\na,real,4.2,at,,,map_at_20,0,5,x,\n",
            "is no table of results",
        ),
        (
            ",".join(results.COLUMNS) + "\na,true,4.2,at,,,map_at_20,0,5,1,\n",
            r"results_08\.csv, line 2: kind is 'true'",
        ),
        (
            ",".join(results.COLUMNS) + 2 * "\na,real,4.2,at,,,map_at_20,0,5,1,",
            r"line 3: part 4\.2, system at, metric map_at_20 is there twice",
        ),
    ],
)
def test_a_file_that_is_none_is_refused_by_name(tmp_path, text, message):
    path = tmp_path / "results_08.csv"
    path.write_text(text)
    with pytest.raises(VmnetError, match=message) as refused:
        results.read(path)
    assert "run its notebook again" in str(refused.value)
    path.unlink()
    with pytest.raises(VmnetError, match=r"is missing: `\./run_all\.sh --thesis` makes it"):
        results.read(path)


@pytest.mark.parametrize(
    ("corpus_kind", "kind"),
    [
        ("folder", "real"), ("features", "real"), ("YouTube-8M features", "real"),
        ("rendered", "rendered"), ("folder, 3 of 12 rendered", "rendered"),
        ("simulated", "simulated"),
    ],
)  # fmt: skip
def test_the_kind_of_a_corpus(corpus_kind, kind):
    assert results.kind_of(corpus_kind) == kind


def test_a_table_says_whose_numbers_it_has():
    table = Table("", "08_x", "08-03", "results_08.csv", lambda data: data[["value"]], "Caption.")
    data = results.table([GOOD, GOOD | {"seed": 1}, GOOD | {"kind": "real", "corpus": "mine"}])
    shown = table.render(data)
    assert shown.attrs["origin"] == (
        "Ours: rendered data (rendered-demo), n = 140, mean of 2 seeds; real data (mine), "
        "n = 140, 1 seed. ± is the 95 % interval over the queries or clips."
    )
    assert table.of_thesis
