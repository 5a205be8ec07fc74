"""The examples in the docstrings, in the README and below docs/ give what they say."""

import doctest
import importlib
import subprocess
import sys
from pathlib import Path

import pytest

import vmnet

ROOT = Path(__file__).parents[1]
WITH_EXAMPLES = [
    ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")
    for path in sorted(ROOT.glob("vmnet/**/*.py"))
    if ">>> " in path.read_text(encoding="utf-8")
]
PAGES = [ROOT / "README.md", *sorted(ROOT.glob("docs/*.md"))]


@pytest.fixture(scope="module", autouse=True)
def kept(tmp_path_factory):
    """Keep what the examples make in a folder of the test, and have computed most of it before."""
    from vmnet.experiment import export, prepare, results, run, seg_vm_nets

    folder = tmp_path_factory.mktemp("examples")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("vmnet.corpus.opening.DATA", folder / "data")
        patch.setattr("vmnet.experiment.run.FIGURES", folder / "figures")
        toy = run.open_run("toy", jobs=1)
        results(prepare(toy), seg_vm_nets, ["trace"])
        prepare(run.open_run("toy", segmenters=["olda"], jobs=1))
        export(toy, folder / "exported")
        yield


@pytest.mark.parametrize("name", WITH_EXAMPLES)
def test_examples(name):
    failed, _ = doctest.testmod(importlib.import_module(name))
    assert failed == 0, f"python -m doctest -v {name.replace('.', '/')}.py"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_examples_of_the_pages(page):
    failed, _ = doctest.testfile(str(page), module_relative=False)
    assert failed == 0


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
