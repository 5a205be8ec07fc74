"""The thesis' chapters 4 to 6: its printed numbers, its claims, and ours beside them.

`results` is the format of our numbers, `numbers` has the printed ones, `claims` what the thesis
concludes, `page` makes RESULTS-thesis.md.
"""
