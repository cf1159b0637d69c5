"""Rules beyond the schema and the types' own: which there are, and in which order they are applied."""

from curated.check.rules import (
    bad_amplifiers,
    cameras,
    detectors,
    epochs,
    events,
    identity,
    layout,
    levels,
    plausibility,
    products,
    stack,
    succession,
    verification,
)
from curated.check.rules.context import FileRule, Rule

FILE_RULES: tuple[FileRule, ...] = (
    stack.names_that_the_stack_refuses,
    stack.lists_that_the_stack_refuses,
    identity.required_keywords,
    identity.unquoted_texts,
    identity.instrument_and_type,
    identity.detector_keywords,
    identity.filter_keywords,
    identity.keywords_without_level,
    identity.start_and_end,
    identity.reserved_dates,
    identity.calib_id,
    identity.calibration_class,
    identity.outside_detector,
    cameras.unfit_camera_file,
    plausibility.implausible_values,
    identity.unfinished_drafts,
)
"""Rules on one file."""

RULES: tuple[Rule, ...] = (
    layout.misplaced_files,
    layout.lists_outside_of_shared_files,
    layout.types_of_other_packages,
    layout.unusable_plugins,
    layout.new_packages,
    layout.unnamed_companions,
    layout.missing_calibrations,
    epochs.validity,
    epochs.ranges_of_the_stack,
    epochs.repeated_calibdates,
    epochs.mixed_offsets,
    succession.implausible_successions,
    products.contradicted_products,
    levels.wrong_levels,
    detectors.conflicting_numbers,
    detectors.conflicting_names,
    detectors.serial_numbers,
    detectors.unfit_calibrations,
    detectors.unfit_cameras,
    cameras.unfit_camera_gains,
    bad_amplifiers.unmasked_amplifiers,
    events.spanned_events,
    events.old_calibrations,
    verification.verified_calibrations,
    verification.unused_waivers,
    verification.missing_certifications,
)
"""Rules on all files of a package."""
