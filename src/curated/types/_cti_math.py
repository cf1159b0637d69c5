"""Changes of deferred charge: transfer inefficiency, turn-offs, drift and traps."""

from __future__ import annotations

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
