"""The meter: it reads, adds up, leaves no trace, and never makes a training fail."""

import math
import os
import socket
from pathlib import Path

import pytest

import vmnet.models.energy as module
from vmnet.models.energy import COUNTRY, NO_ENERGY, UNKNOWN, Energy, Meter


def test_reads_something_and_leaves_no_trace(tmp_path, monkeypatch, capfd):
    def no_network(*args):
        raise AssertionError("the meter asked the network")

    monkeypatch.setattr(socket.socket, "connect", no_network)
    monkeypatch.chdir(tmp_path)
    meter = Meter(COUNTRY)
    laps = [meter.lap(), meter.stop()]
    for energy in laps:
        assert energy.kwh > 0
        assert 0 < energy.co2_kg < energy.kwh  # less than a kg of CO2 a kWh, in France
        assert energy.kind in ("measured", "estimated")
    assert list(tmp_path.iterdir()) == []
    out, err = capfd.readouterr()
    assert (out, err) == ("", "")


def test_country_decides_the_co2():
    shares = []
    for country in ("FRA", "POL"):
        energy = Meter(country).stop()
        shares.append(energy.co2_kg / energy.kwh)
    assert shares[1] > 3 * shares[0]


def test_what_cannot_be_read_is_unknown(monkeypatch):
    def broken(*args, **kwargs):
        raise OSError("no such counter")

    def is_unknown(energy):
        return math.isnan(energy.kwh) and math.isnan(energy.co2_kg) and energy.kind == ""

    off, meter = Meter(""), Meter(COUNTRY)
    assert is_unknown(off.lap())
    assert is_unknown(off.stop())
    monkeypatch.setattr("codecarbon.OfflineEmissionsTracker.stop", broken)
    assert is_unknown(meter.lap())
    monkeypatch.setattr("codecarbon.OfflineEmissionsTracker.start", broken)
    assert is_unknown(Meter(COUNTRY).stop())


def test_unknown_country_is_refused():
    with pytest.raises(ValueError, match="country 'France' is unknown: give a code such as 'FRA'"):
        Meter("France")


def test_a_sum_is_as_good_as_its_worst_part():
    measured, estimated = Energy(1.0, 0.5, "measured"), Energy(2.0, 0.25, "estimated")
    assert NO_ENERGY + measured == measured
    assert measured + measured == Energy(2.0, 1.0, "measured")
    assert measured + estimated == Energy(3.0, 0.75, "estimated")
    unknown = measured + UNKNOWN
    assert (math.isnan(unknown.kwh), unknown.kind) == (True, "")


def test_energy_can_be_measured_where_a_counter_can_be_read(tmp_path, monkeypatch):
    assert module.can_measure() == any(
        os.access(path, os.R_OK) for path in Path("/sys/class/powercap").glob("*/energy_uj")
    )
    (tmp_path / "intel-rapl:0").mkdir()
    monkeypatch.setattr(module, "Path", lambda _: tmp_path)
    assert not module.can_measure()
    (tmp_path / "intel-rapl:0" / "energy_uj").write_text("1\n")
    assert module.can_measure()
