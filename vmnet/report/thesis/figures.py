"""Which figures the notebooks of the thesis' chapters save: these say it themselves."""

import json
import re
from functools import cache

from vmnet.runner import NOTEBOOKS


@cache
def figures_of(number: str) -> tuple[str, ...]:
    """Return the figures that a notebook saves, by the number of its name, in their order."""
    found: list[str] = []
    for path in sorted(NOTEBOOKS.glob(f"{number}*.ipynb")):
        cells = json.loads(path.read_text(encoding="utf-8"))["cells"]
        for cell in cells:
            if cell["cell_type"] == "code":
                code = "".join(cell["source"])
                found += re.findall(r'figures\.save\([^"]*"(\w+)"\)', code)
    return tuple(dict.fromkeys(found))
