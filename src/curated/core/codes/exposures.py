"""Codes of the findings about exposures and what they use: code, severity, title, hint and reason."""

from __future__ import annotations

# fmt: off
ROWS: tuple[tuple[str, str, str, str, str], ...] = (
    ("CAL480", "warning", "an exposure was taken in another state of the camera than its calibration",
     "use a calibration of this state; 'match:' in instrument.yaml says which keywords matter",
     "Another sequencer file or voltage changes gains, noise and crosstalk: the calibration is not one of this exposure's camera."),
    ("CAL481", "info", "a keyword of the camera's state that cannot be compared", "add the keyword to the calibrations",
     "Only exposure and calibration together tell whether the state was the same."),
    ("CAL482", "warning", "a calibration changes during an exposure", "move the start of the calibration to a time between exposures",
     "Two calibrations are in force in the time of the exposure; Butler calls such a lookup ambiguous and refuses it."),
    ("CAL483", "info", "an exposure without a filter", "give the filter with --filter, or say in instrument.yaml where headers have it",
     "Calibrations that differ between filters are left out of the answer."),
)
# fmt: on
