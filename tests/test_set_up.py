"""The set-up counts the packages that it announces."""

import subprocess
from pathlib import Path

ROOT = Path(__file__).parents[1]
PIP = """\
Looking in links: /wheels
Obtaining file:///home/vmnet
  Preparing editable metadata (pyproject.toml): finished with status 'done'
Processing /wheels/av-18.1.0-cp311-abi3-manylinux_2_28_x86_64.whl (from vmnet==0.1.0)
Collecting codecarbon (from vmnet==0.1.0)
  Downloading codecarbon-3.3.2-py3-none-any.whl (400 kB)
Collecting tensorflow[and-cuda]>=2 (from vmnet==0.1.0)
Requirement already satisfied: Ruamel.YAML<1 in /venv/lib (from jams)
Requirement already satisfied: ruamel-yaml in /venv/lib (from jams->vmnet)
Collecting setuptools (from tensorflow)
Processing /wheels/charset_normalizer-3.5.2-py3-none-any.whl (from requests->vmnet)
Collecting charset-normalizer>=2 (from requests)
Installing collected packages: av, codecarbon
"""


def counted(log: str) -> list[str]:
    code = f'source <(sed -n "/^show_progress/,/^}}/p" {ROOT}/run_all.sh); show_progress 194'
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", code], input=log, capture_output=True, text=True
    )
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout.splitlines()


def test_every_package_is_counted_once_wherever_pip_has_it_from():
    assert counted(PIP) == ["    5 of 194 packages: installing"]


def test_a_log_gets_a_line_for_forty_packages():
    lines = "".join(f"Collecting package{i} (from vmnet)\n" for i in range(100))
    assert counted(lines) == [
        "   40 of 194 packages looked up",
        "   80 of 194 packages looked up",
    ]
