"""Instruments: their detectors and filters, declared in ``instrument.yaml`` or inferred from the files."""

from curated.package.instrument.declaration import Detector, Expected, Filter, Instrument, parse_instrument

__all__ = ["Detector", "Expected", "Filter", "Instrument", "parse_instrument"]
