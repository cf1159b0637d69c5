"""Changes of deferred charge: transfer inefficiency, turn-offs, drift and traps."""

from __future__ import annotations

from operator import attrgetter

from curated.declare import Comparison
from curated.types._detector_bounds import FULL_WELL, GAIN, keyed_bound, of_field
from curated.types._keyed_changes import AMPLIFIER_SET, AMPLIFIER_SET_DOCS, keyed_measure, set_measures

MEASURES = (
    keyed_measure(
        "cti_change",
        "ppm",
        "Change of the fraction of the charge that each transfer leaves behind (Snyder et al. 2021, JATIS 7, 048002).",
        lambda calib: calib.globalCti,
        scale=1e6,
        notable=0.1,
        worse="more",
    ),
    keyed_measure(
        "serial_turnoff_change",
        "%",
        "Relative change of the signal above which serial transfers defer far more charge.",
        lambda calib: calib.serialCtiTurnoff,
        notable=5,
        worse="less",
    ),
    keyed_measure(
        "parallel_turnoff_change",
        "%",
        "Relative change of the signal above which parallel transfers defer far more charge.",
        lambda calib: calib.parallelCtiTurnoff,
        notable=5,
        worse="less",
    ),
    keyed_measure(
        "drift_scale_change",
        "%",
        "Relative change of the fraction of a signal by which the output amplifier's offset shifts.",
        lambda calib: calib.driftScale,
        notable=5,
        worse="more",
    ),
    keyed_measure(
        "decay_time_change",
        "%",
        "Relative change of the time constant with which that offset decays.",
        lambda calib: calib.decayTime,
        notable=5,
    ),
    keyed_measure(
        "trap_size_change",
        "electron",
        "Change of the largest charge that the trap of an amplifier holds.",
        lambda calib: calib.trapSize,
        notable=1,
        worse="more",
    ),
    *set_measures(
        ("traps_gained", "traps_lost"),
        (
            "Amplifiers for which only the new calibration has a trap, each counted as 1.",
            "Amplifiers for which only the old calibration has a trap, each counted as 1.",
        ),
        lambda calib: calib.trapSize,
        worse="more",
    ),
    *set_measures(AMPLIFIER_SET, AMPLIFIER_SET_DOCS, lambda calib: calib.driftScale),
)


_TURNOFFS = {
    name: keyed_bound(name, f"{kind} CTI turn-off.", FULL_WELL, of_field(name))
    for name, kind in (("serialCtiTurnoff", "Serial"), ("parallelCtiTurnoff", "Parallel"))
}

BOUNDS = (
    keyed_bound(
        "globalCti",
        "Fraction of the charge that each transfer leaves behind.",
        {
            "maximum": 1e-3,
            "source": "1e-7 to 1e-5 on the ground, 5e-4 after 20 years in orbit (Anderson & Ryan, WFC3 reports 2021): at 1e-3 and 1,000 transfers most charge is late.",
        },
        of_field("globalCti"),
    ),
    keyed_bound(
        "driftScale",
        "Fraction of a signal by which the output amplifier's offset shifts.",
        {
            "maximum": 0.05,
            "source": "1e-4 to 1e-3 (Snyder et al. 2021, JATIS 7, 048002).",
        },
        of_field("driftScale"),
    ),
    keyed_bound(
        "decayTime",
        "Time constant with which that offset decays, in transfers.",
        {
            "maximum": 1000.0,
            "source": "A few transfers (Snyder et al. 2021, JATIS 7, 048002), and less than a row of the detector.",
        },
        of_field("decayTime"),
    ),
    keyed_bound("inputGain", "Gain with which it was measured.", GAIN, of_field("inputGain")),
    *_TURNOFFS.values(),
    keyed_bound(
        "trapSize",
        "Largest charge that the trap of an amplifier holds.",
        {
            "unit": "electron",
            "maximum": 1e5,
            "source": "Some 10 to 1,000 electron (Snyder et al. 2021, JATIS 7, 048002); a tenth of a well would blind the row.",
        },
        of_field("trapSize"),
        pointer=lambda key, _: ("serialTraps", key, "size"),
    ),
)


COMPARISONS = tuple(
    Comparison(quantity=name, values=attrgetter(name), doc=doc)
    for name, doc in (
        ("globalCti", "Fractions of the charge that each transfer leaves behind."),
        ("driftScale", "Fractions of a signal by which offsets shift."),
        ("decayTime", "Time constants of the decay."),
        ("inputGain", "Gains."),
        ("serialCtiTurnoff", "Serial turn-offs."),
        ("parallelCtiTurnoff", "Parallel turn-offs."),
        ("trapSize", "Sizes of traps."),
    )
)
