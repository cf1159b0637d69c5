"""The history of one product in both times: when calibrations applied, and when that was believed."""
