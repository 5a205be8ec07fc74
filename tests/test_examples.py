"""The examples in the docstrings, in the README and below docs/ give what they say."""

import doctest
import importlib
import re
import shlex
import subprocess
import sys
from pathlib import Path

import pytest

import vmnet
from vmnet import cli, runner

ROOT = Path(__file__).parents[1]
WITH_EXAMPLES = [
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for path in sorted(ROOT.glob("vmnet/**/*.py"))
    if ">>> " in path.read_text(encoding="utf-8")
]
PAGES = [
    *(
        ROOT / name
        for name in ("README.md", "CONTRIBUTING.md", "data/README.md", "figures/README.md")
    ),
    *sorted(ROOT.glob("docs/*.md")),
]
PARSERS = {"vmnet": cli.build_parser, "./run_all.sh": runner.build_parser}


@pytest.fixture(scope="module", autouse=True)
def folders(tmp_path_factory):
    """Keep what the examples make in a folder of the test."""
    folder = tmp_path_factory.mktemp("examples")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("vmnet.corpus.opening.DATA", folder / "data")
        patch.setattr("vmnet.experiment.run.FIGURES", folder / "figures")
        yield


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_examples(name):
    failed, _ = doctest.testmod(importlib.import_module(name))
    assert failed == 0, f"python -m doctest -v {name.replace('.', '/')}.py"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_examples_of_the_pages(page):
    text = page.read_text(encoding="utf-8").replace("```", "\n")
    examples = doctest.DocTestParser().get_doctest(text, {}, page.name, str(page), 0)
    assert doctest.DocTestRunner().run(examples).failed == 0


def test_the_readme_is_read_in_a_few_minutes():
    assert len(PAGES[0].read_text(encoding="utf-8").split()) <= 1200


def test_the_readme_and_the_pages_say_what_the_demo_found():
    import pandas as pd

    from vmnet.report.replication import cells, conclusions, correlations

    demo = ROOT / "figures" / "demo"
    results = pd.concat([pd.read_csv(demo / f"results_0{i}.csv") for i in (1, 2, 3, 4)])
    keys = ["system", "segmenter", "distance", "scenario", "direction", "seed", "metric"]
    results = results.drop_duplicates(keys)
    judged = conclusions(results)
    held = f"{sum(each.holds is True for each in judged)} of {len(judged)} conclusions"
    control = results.query("distance == 'count' and metric == 'mean_rank' and direction == 'V2M'")
    ranks = control.groupby("segmenter")["value"].mean()
    rho = correlations(cells(results))
    readme, simulation = (
        " ".join((ROOT / name).read_text(encoding="utf-8").split())
        for name in ("README.md", "docs/simulation.md")
    )
    for text in (readme, simulation):
        assert held in text
        assert f"{ranks['olda']:.1f}th of 1,000 with OLDA" in text
    assert f"{ranks['transnet']:.1f}nd with TransNet" in simulation
    for found in (rho["all"], rho["III"]):
        assert re.search(
            rf"{found.rho:.2f} \([^)]*{found.low:.2f} to {found.high:.2f}\)", simulation
        )


def commands_of(page):
    """Return the commands that a page tells its reader to type, in blocks or within a line."""
    text = page.read_text(encoding="utf-8").replace("\\\n", " ")
    blocks = re.findall(r"```bash\n(.*?)```", text, re.DOTALL)
    lines = [line.strip() for block in blocks for line in block.splitlines()]
    return lines + re.findall(r"(?:^ {4}|`)((?:vmnet|\./run_all|python bench)[^`\n]*)", text, re.M)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_commands_on_the_pages_are_commands(page):
    for line in commands_of(page):
        program, *words = shlex.split(line.removesuffix("&& source .venv/bin/activate"), True)
        if program in PARSERS and words[1:] and "--help" not in words:
            PARSERS[program]().parse_args(words)
        if words and words[0].endswith(".py"):
            assert (ROOT / words[0]).is_file(), line


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_links_of_the_pages_lead_somewhere(page):
    text = page.read_text(encoding="utf-8")
    for link in re.findall(r"\]\((?!https?:)([^)#]*)(?:#[^)]*)?\)", text):
        assert (page.parent / link).exists(), link


@pytest.mark.parametrize("name", vmnet.__all__)
def test_every_public_name_is_there_and_every_public_function_has_an_example(name):
    found = getattr(vmnet, name)
    assert name in dir(vmnet)
    assert not callable(found) or ">>> " in found.__doc__


def test_an_unknown_name_is_refused():
    with pytest.raises(AttributeError, match="no attribute 'nothing'"):
        _ = vmnet.nothing


def test_importing_vmnet_loads_what_is_asked_for_alone():
    script = (
        "import sys, vmnet; loaded = 'numpy' in sys.modules\n"
        "from vmnet import Sequences; print(loaded, 'tensorflow' in sys.modules)"
    )
    printed = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert printed.stdout.strip() == "False False", printed.stderr
