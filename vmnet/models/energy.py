"""The energy that a training takes and the CO2 that stands for it, by CodeCarbon (offline)."""

import logging
import math
import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

# Where the thesis' server stood (appendix B.2). It counts 0.42 kg of CO2 a kWh, several times what
# CodeCarbon gives for the electricity of France: compare the kWh.
COUNTRY = "FRA"


@dataclass(frozen=True)
class Energy:
    """What a stretch of computing took.

    Attributes
    ----------
    kwh
        Electric energy of processor, accelerator and memory; nan where it is not known.
    co2_kg
        CO2 equivalent of it, by the mean carbon intensity of a country's electricity.
    kind
        "measured" where the processor's own counter was read (RAPL; accelerators have theirs),
        "estimated" where CodeCarbon guesses the processor's part from its load and its rated power;
        "" where nothing is known. The memory's part is always a guess, some watts a module.
    """

    kwh: float
    co2_kg: float
    kind: str

    def __add__(self, other: "Energy") -> "Energy":
        """Join two stretches; the sum is only as good as the worse of them."""
        kind = min(self.kind, other.kind, key=_KINDS.index)
        return Energy(self.kwh + other.kwh, self.co2_kg + other.co2_kg, kind)


def can_measure() -> bool:
    """Tell whether this machine's processor has a counter of energy that may be read (RAPL)."""
    counters = Path("/sys/class/powercap").glob("*/energy_uj")
    return any(os.access(counter, os.R_OK) for counter in counters)


_KINDS = ("", "estimated", "measured")
NO_ENERGY = Energy(0.0, 0.0, "measured")
UNKNOWN = Energy(math.nan, math.nan, "")


class Meter:
    """Reads the energy of this process' machine from the moment it is made.

    It writes no file, uses no network and never fails: what cannot be read is `UNKNOWN`. The first
    one of a process takes some seconds to find out what the machine can tell.

    Parameters
    ----------
    country
        ISO 3166 code of three letters; "" makes a meter that reads nothing.

    Raises
    ------
    ValueError
        If CodeCarbon knows no such country: it would take the world's mean without a word.
    """

    def __init__(self, country: str) -> None:
        _require_country(country)
        self.country = country
        self._tracker = self._start()

    def lap(self) -> Energy:
        """Return what was taken since the last call, and go on."""
        energy = self.stop()
        self._tracker = self._start()
        return energy

    def stop(self) -> Energy:
        """Return what was taken since the last call, and end."""
        try:
            from codecarbon.core.cpu import is_rapl_available

            self._tracker.stop()
            data = self._tracker.final_emissions_data
            kind = "measured" if is_rapl_available() else "estimated"
            return Energy(float(data.energy_consumed), float(data.emissions), kind)
        except Exception:  # a training must not fail for want of a meter
            return UNKNOWN

    def _start(self) -> Any:
        if not self.country:
            return None
        try:
            from codecarbon import OfflineEmissionsTracker

            logging.getLogger("codecarbon").setLevel(logging.CRITICAL)
            tracker = OfflineEmissionsTracker(
                country_iso_code=self.country,
                output_methods=[],
                tracking_mode="process",
                allow_multiple_runs=True,
                log_level="critical",
            )
            tracker.start()
        except Exception:  # as below
            return None
        return tracker


def _require_country(country: str) -> None:
    if not country:
        return
    try:
        from codecarbon.input import DataSource

        known = DataSource().get_global_energy_mix_data()
    except Exception:  # as above
        return
    if country not in known:
        raise ValueError(f"country {country!r} is unknown: give a code such as {COUNTRY!r}")
