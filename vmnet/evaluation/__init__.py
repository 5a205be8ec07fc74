"""Experiments: scenarios, ranks, and what the tables say of them (paper, section V)."""

from vmnet.evaluation.controls import CONTROLS
from vmnet.evaluation.metrics import ranks, summarize
from vmnet.evaluation.scenarios import SCENARIOS

__all__ = ["CONTROLS", "SCENARIOS", "ranks", "summarize"]
