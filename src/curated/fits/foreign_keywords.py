"""Keywords in FITS headers that are no statement about a calibration: Butler's provenance, and structure of the file.

Sources: ``DatasetProvenance.to_flat_dict`` of lsst.daf.butler, whose keys are a prefix, a separator of one character
and the parts of a name; the documentation of lsst.afw.table.io and lsst.afw.fits; FITS standard 4.0, sections 4.4 and
10; the conventions INHERIT, CHECKSUM and LONGSTRN of the FITS registry.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from functools import lru_cache

_ARCHIVE = (
    r"AFW_TABLE_VERSION|AFW_TYPE|EXTTYPE|AR_(?:HDU|NCAT|CATN|NAME)|CAT\.ARCHIVE|CAT\.PERSISTABLE|EXPINFO_V|ARCHIVE_ID_\w+"
    r"|(?:SKYWCS|WCS|PSF|COADD_INPUTS|AP_CORR_MAP|VALID_POLYGON|TRANSMISSION_CURVE|PHOTOCALIB)_ID"
    r"|T(?:CCLS|DOC|FLAG)\d+|FLAGCOL"
    r"|LTV[12]|C(?:TYPE|RPIX|RVAL|UNIT)[12]A"
)
"""Keywords of a table archive of lsst.afw.table.io, of exposures and tables of lsst.afw, and of the origin of its images."""

_LAYOUT = (
    r"CHECKSUM|DATASUM|ZHECKSUM|ZDATASUM|INHERIT|EXTLEVEL|Z(?:CMPTYPE|NAME\d+|VAL\d+|TILE\d+|QUANTIZ|DITHER0|BLANK|MASKCMP"
    r"|SCALE|ZERO|BLOCKED|THEAP|TILELEN|FORM\d+|CTYP\d+|EXTNAME)"
)
"""Keywords of checksums, inheritance and compression, beyond those that no text may have at all."""

_STRUCTURE = re.compile(rf"(?:{_ARCHIVE}|{_LAYOUT})\Z")

_BUTLER = re.compile(
    r"LSST([^\w])BUTLER\1(?:ID|RUN|DATASETTYPE|QUANTUM|N_INPUTS|DATAID\1\w+|INPUT\1\d+\1.+)\Z"
)
_CORE = re.compile(r"(.*\W|)DATASETTYPE\Z")
_HIERARCH = "HIERARCH "


def is_structural(key: str) -> bool:
    """Return whether a keyword in capitals describes the form of a FITS file or of a table archive in it."""
    return _STRUCTURE.match(key) is not None


def butler_keywords(keys: Iterable[str]) -> list[str]:
    """Return the keywords that Butler wrote when it stored a dataset: its ID, run and data ID, and its inputs.

    With the prefix ``LSST BUTLER`` of obs_base they are known by their names. With any other prefix, or none, they
    are taken for Butler's where dataset type, run and ID stand together, as Butler itself does.

    Parameters
    ----------
    keys : iterable [`str`]
        All keywords of a header.
    """
    names = {key: key.upper().removeprefix(_HIERARCH) for key in keys}
    every = set(names.values())
    # All patterns need one of these; most headers have neither.
    if not any("BUTLER" in name or name.endswith("DATASETTYPE") for name in every):
        return []
    patterns = [_BUTLER]
    # The shortest ones first: those of an input end in the same names, and have been matched then.
    for name in sorted(
        (name for name in every if name.endswith("DATASETTYPE")), key=lambda name: (len(name), name)
    ):
        match = _CORE.match(name)
        if match is None or any(pattern.match(name) for pattern in patterns):
            continue
        if {f"{match[1]}ID", f"{match[1]}RUN"} <= every:
            prefix, separator = re.escape(match[1]), re.escape(match[1][-1:]) or r"[^\w]"
            patterns.append(
                re.compile(
                    rf"{prefix}(?:ID|RUN|DATASETTYPE|QUANTUM|N_INPUTS|DATAID{separator}\w+|INPUT{separator}\d+{separator}.+)\Z"
                )
            )
    return [key for key, name in names.items() if any(pattern.match(name) for pattern in patterns)]


def foreign_keywords(keys: Iterable[str]) -> tuple[str, ...]:
    """Return the keywords that say nothing about a calibration, Butler's first."""
    return _foreign_keywords(tuple(keys))


# Calibrations of one type have mostly the same keywords.
@lru_cache(maxsize=1024)
def _foreign_keywords(keys: tuple[str, ...]) -> tuple[str, ...]:
    structural = [key for key in keys if is_structural(key.upper().removeprefix(_HIERARCH))]
    return (*butler_keywords(keys), *structural)
