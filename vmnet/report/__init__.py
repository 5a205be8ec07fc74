"""Tables, figures and the page of results, beside the paper's numbers.

`show` writes and returns one table for a notebook, `figures` has the figures, `page` makes
RESULTS.md.
"""

from vmnet.report.tables import show

__all__ = ["show"]
