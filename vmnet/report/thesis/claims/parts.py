"""What the claims of the thesis are made of: numbers by key, and orders between them.

A key is (part, system, group, direction, metric), see `vmnet.report.thesis.results`.
"""

from collections.abc import Callable

from vmnet.report.claims import Order, Quantity
from vmnet.report.thesis import names

CI95 = " ci95"  # behind a metric: the half width of its interval
DIRECTIONS = ("M2V", "V2M")
ALL = "all"  # the group of all films


def number(
    part: str, metric: str, system: str, group: str = "", direction: str = "", label: str = ""
) -> Quantity:
    """Return one number, called after its group, or else its system, unless told."""
    named = label or (names.group(group) if group else names.system(system))
    return Quantity(named, ((part, system, group, direction, metric),))


def systems(part: str, metric: str, *keys: str, direction: str = "") -> tuple[Quantity, ...]:
    """Return one number for each of several systems."""
    return tuple(number(part, metric, key, direction=direction) for key in keys)


def constant(value: float, label: str) -> Quantity:
    """Return what a number is held against."""
    return Quantity(label, (), lambda: value)


def combined(combine: Callable[..., float], label: str, *of: Quantity) -> Quantity:
    """Return several numbers as one."""
    return Quantity(label, tuple(key for each in of for key in each.keys), combine)


def half_width(of: Quantity) -> Quantity:
    """Return the half width of a number's interval as a number."""
    keys = tuple((*key[:-1], key[-1] + CI95) for key in of.keys)
    return Quantity(f"{of.label} ±", keys)


def alike(about: str, pair: tuple[Quantity, ...], times: float = 1.0) -> Order:
    """Return that two numbers differ by less than the wider of their intervals, or so many."""
    one, other = pair
    apart = combined(lambda a, b: abs(a - b), f"{one.label} to {other.label}", one, other)
    widths = (half_width(one), half_width(other))
    wider = combined(lambda a, b: times * max(a, b), "the wider interval", *widths)
    return Order(about, (apart,), "<", (wider,))
