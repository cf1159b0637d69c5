"""Print what the new type makes of a FITS file, as JSON: its values and units, or what is wrong with the file."""

import json
import sys

from curated.types.persistence import Persistence

from curated.calib import CalibrationError

try:
    calib = Persistence.readFits(sys.argv[1])
except CalibrationError as error:
    print(json.dumps([[p.code, p.detail] for p in error.problems]))
else:
    print(json.dumps({"decayTime": calib.decayTime, "units": calib.units}))
