"""Distortions of the pixel grid by the charge that is already collected."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Self

import numpy as np

from curated.calib import Calib, calibration
from curated.calib.content import Content
from curated.calib.writer import column_unit, plain
from curated.core.diagnostic import Problem
from curated.core.tables import ColumnData, TableData, TextColumn
from curated.declare import Array, PlotSpec, Spec, Table, column
from curated.types import _nominal
from curated.types._electrostatic_math import BOUNDS, COMPARISONS, MEASURES

_INPUT: tuple[str | int, ...] = ("inputRange", "inputRange")
_FIT: tuple[str | int, ...] = ("fitRange", "fitRange")
_MATRIX, _AMPLIFIERS, _PARAMETERS, _FILTERS = range(4)
_KEYS = {_AMPLIFIERS: "ampNames", _PARAMETERS: "fitParamNames", _FILTERS: "availableFilters"}
"""Fields with the keys of the other tables, in the order of their vectors in FITS."""


def _no_names() -> Array:
    return np.zeros(0, "U1")


def _matrix(name: str, doc: str, shape: tuple[str | int, ...], **kwargs: Any) -> Any:
    """Declare a matrix of lags in 1/electron."""
    return column("f8", column=name, shape=shape, unit="1/electron", doc=doc, **kwargs)


def _by_filter(name: str, doc: str) -> Any:
    """Declare a matrix of lags for each filter."""
    return column(
        "f8",
        column=f"{name}_BY_FILTER",
        table=_FILTERS,
        shape=_FIT,
        unit="1/electron",
        required=False,
        default=dict,
        doc=doc,
    )


@calibration
class ElectrostaticDistortion(Calib):
    """Shifts of pixel boundaries by collected charge, from an electrostatic model of the detector.

    The model is that of Astier & Regnault 2023, A&A 670, A118, fitted to covariances of flat fields. Matrices
    are ``[row lag, column lag]`` from the charge. FITS and ECSV have one table of one row: mappings of YAML by
    amplifier, parameter or filter are vectors there, in the order of the names.
    """

    SPEC: ClassVar = Spec(
        name="electroBfDistortionMatrix",
        title="Electrostatic brighter-fatter distortion of the pixel grid",
        obstype="BF_DISTORTION_MATRIX",
        version=1.1,
        versions=(1.0, 1.1),
        schema="ELectrostatic brighter-fatter pixel distortion model",
        dimensions=("instrument", "detector"),
        nominal=_nominal.electrostatic,
        storage_class="IsrCalib",
        calibcls="lsst.ip.isr.electrostaticBrighterFatter.ElectrostaticBrighterFatterDistortionMatrix",
        forms=("yaml", "ecsv", "json"),
        tables=(
            Table(name="MATRIX", rows="one", fits_units="none"),
            Table(name="AMPLIFIERS", rows="key", key_column="AMPNAMES", fits_units="none"),
            Table(name="PARAMETERS", rows="key", key_column="FIT_PARAM_NAMES", fits_units="none"),
            Table(
                name="FILTERS", rows="key", key_column="AVAILABLE_FILTERS", optional=True, fits_units="none"
            ),
        ),
        sizes={"inputRange": "INPUT_RANGE", "fitRange": "FIT_RANGE"},
        keywords=("INPUT_RANGE", "FIT_RANGE"),
        aliases=("electrostatic",),
        measures=MEASURES,
        bounds=BOUNDS,
        comparisons=COMPARISONS,
        plot=PlotSpec(
            kind="matrix",
            y="boundaries",
            labels=("Lag along the row (pix)", "Lag along the column (pix)", "Shift (1/electron)"),
            log=True,
        ),
    )

    ampNames: Array = column("str", column="AMPNAMES", shape=("*",), doc="Names of the amplifiers.")
    inputRange: int = column(
        "i8",
        column="INPUT_RANGE",
        keyword="INPUT_RANGE",
        text="inputRange",
        above=0,
        doc="Side of the measured matrices (lags).",
    )
    fitRange: int = column(
        "i8",
        column="FIT_RANGE",
        keyword="FIT_RANGE",
        text="fitRange",
        above=0,
        doc="Side of the fitted matrices (lags).",
    )
    badAmps: Array = column("str", column="BAD_AMPS", shape=("*",), doc="Amplifiers that were left out.")
    gain: dict[str, float] = column(
        "f8",
        column="GAIN",
        table=_AMPLIFIERS,
        unit="electron/adu",
        finite=False,
        doc="Gain of each amplifier.",
    )
    aMatrix: Array = _matrix("A_MATRIX", "Measured pixel area changes.", _INPUT, finite=False)
    aMatrixSigma: Array = _matrix(
        "A_MATRIX_SIGMA", "Errors of the measured pixel area changes.", _INPUT, finite=False, minimum=0
    )
    aMatrixModel: Array = _matrix("A_MATRIX_MODEL", "Pixel area changes of the model.", _FIT)
    aMatrixSum: float = column(
        "f8",
        column="A_MATRIX_SUM",
        unit="1/electron",
        finite=False,
        doc="Sum of the measured pixel area changes.",
    )
    aMatrixModelSum: float = column(
        "f8",
        column="A_MATRIX_MODEL_SUM",
        unit="1/electron",
        finite=False,
        doc="Sum of the pixel area changes of the model.",
    )
    modelNormalization: Array = column(
        "f8", column="MODEL_NORMALIZATION", shape=(2,), finite=False, doc="Factor and offset of the model."
    )
    usedPixels: Array = column(
        "bool", column="USED_PIXELS", shape=_INPUT, doc="Whether each lag was used in the fit."
    )
    fitParamNames: Array = column(
        "str", column="FIT_PARAM_NAMES", shape=("*",), doc="Names of the model's parameters."
    )
    freeFitParamNames: Array = column(
        "str", column="FREE_FIT_PARAM_NAMES", shape=("*",), doc="Parameters that were fitted."
    )
    fitParams: dict[str, float] = column(
        "f8", column="FIT_PARAMS", table=_PARAMETERS, doc="Value of each parameter."
    )
    fitParamErrors: dict[str, float] = column(
        "f8", column="FIT_PARAM_ERRORS", table=_PARAMETERS, finite=False, doc="Error of each parameter."
    )
    fitChi2: float = column("f8", column="FIT_CHI2", finite=False, doc="Chi-squared of the fit.")
    fitReducedChi2: float = column(
        "f8", column="FIT_REDUCED_CHI2", finite=False, doc="Chi-squared per degree of freedom."
    )
    fitParamCovMatrix: Array = column(
        "f8",
        column="FIT_PARAM_COV_MATRIX",
        shape=("*", "*"),
        finite=False,
        doc="Covariance matrix of the fitted parameters.",
    )
    ath: Array = _matrix("ATH", "Pixel area changes predicted by the model's theory.", _FIT)
    athMinusBeta: Array = _matrix(
        "ATH_MINUS_BETA", "Predicted pixel area changes without the term beta.", _FIT
    )
    aN: Array = _matrix("A_N", "Shifts of the northern pixel boundaries.", _FIT)
    aS: Array = _matrix("A_S", "Shifts of the southern pixel boundaries.", _FIT)
    aE: Array = _matrix("A_E", "Shifts of the eastern pixel boundaries.", _FIT)
    aW: Array = _matrix("A_W", "Shifts of the western pixel boundaries.", _FIT)
    availableFilters: Array = column(
        "str",
        column="AVAILABLE_FILTERS",
        shape=("*",),
        required=False,
        default=_no_names,
        since=1.1,
        doc="Filters that have matrices of their own.",
    )
    aMatrixModelByFilter: dict[str, Array] = _by_filter(
        "A_MATRIX_MODEL", "Pixel area changes of the model in each filter."
    )
    athByFilter: dict[str, Array] = _by_filter("ATH", "Predicted pixel area changes in each filter.")
    athMinusBetaByFilter: dict[str, Array] = _by_filter(
        "ATH_MINUS_BETA", "Predicted pixel area changes in each filter without the term beta."
    )
    aNByFilter: dict[str, Array] = _by_filter("A_N", "Shifts of the northern boundaries in each filter.")
    aSByFilter: dict[str, Array] = _by_filter("A_S", "Shifts of the southern boundaries in each filter.")
    aEByFilter: dict[str, Array] = _by_filter("A_E", "Shifts of the eastern boundaries in each filter.")
    aWByFilter: dict[str, Array] = _by_filter("A_W", "Shifts of the western boundaries in each filter.")

    @property
    def boundaries(self) -> dict[str, Array]:
        """Shifts of the four boundaries, by name."""
        return {"north": self.aN, "south": self.aS, "east": self.aE, "west": self.aW}

    # -- text and FITS --------------------------------------------------------------------------------

    @classmethod
    def from_columns(
        cls, metadata: Mapping[str, Any], tables: list[Mapping[str, TextColumn]], form: str
    ) -> tuple[Self | None, list[Problem]]:
        """Read the stack's row, whose vectors are the rows of the tables by amplifier, parameter and filter."""
        row = dict(tables[0]) if tables else {}
        split_tables: list[Mapping[str, TextColumn]] = [row]
        for index in _KEYS:
            key_column = cls.SPEC.tables[index].key_column
            keys = row.get(key_column)
            names = [f.column for f in cls.FIELDS if f.table == index]
            columns = {name: row.pop(name) for name in names if name in row}
            if keys is not None and len(keys.values):
                vectors = {name: _first_cell(c) for name, c in columns.items() if len(c.values)}
                split_tables.append({key_column: _first_cell(keys), **vectors})
        return super().from_columns(metadata, split_tables, form)

    @classmethod
    def prepare(cls, content: Content) -> list[Problem]:
        """Fold the covariances, whose size no keyword gives, and bring mappings into the order of the names."""
        values, problems = content.values, []
        for name, keyword in cls.SPEC.sizes.items():
            size, header_size = values.get(name), content.metadata.get(keyword)
            if isinstance(size, (np.ndarray, np.generic)) and size.ndim == 0:
                values[name] = size.item()
                if header_size is not None and header_size != size:
                    detail = f"{keyword} is {size} in the table, but {header_size} in the header"
                    problems.append(Problem("CAL308", ("metadata", keyword), detail))
        covariances: Any = values.get("fitParamCovMatrix")
        side = _length(values.get("freeFitParamNames"))
        if side and _length(covariances) == side**2 and not any(map(_is_vector, covariances)):
            rows = range(0, side**2, side)
            values["fitParamCovMatrix"] = [list(covariances[i : i + side]) for i in rows]
        for declared in cls.FIELDS:
            mapping = values.get(declared.name)
            names = values.get(_KEYS.get(declared.table, ""))
            if isinstance(mapping, dict) and isinstance(names, (list, np.ndarray)):
                keys = [name for name in np.asarray(names, object).tolist() if isinstance(name, str)]
                if len(keys) == len(mapping) and set(keys) == set(mapping):
                    values[declared.name] = {key: mapping[key] for key in keys}
        return problems

    def tables(self) -> list[TableData]:
        """Return the stack's row, with its columns in the order of the declaration."""
        matrix_table = super().tables()[_MATRIX]
        columns = {}
        for declared in self.FIELDS:
            value = getattr(self, declared.name)
            if declared.table == _MATRIX:
                data = matrix_table.columns[declared.column].values
            elif value:
                data = np.stack([np.asarray(item) for item in value.values()])[np.newaxis]
            else:
                data = np.zeros((1, 0))
            # Empty vectors have no type in the stack, which makes floats of them.
            data = data if data.size else np.zeros((1, 0))
            columns[declared.column] = ColumnData(data, column_unit(self.SPEC, declared, self.units))
        return [TableData(columns, carries_metadata=True)]

    def toDict(self) -> dict[str, Any]:
        """Return plain data; matrices are flat, as the stack reads them."""
        tree = super().toDict()
        return tree | {name: plain(getattr(self, name)) for name in ("inputRange", "fitRange")}

    # -- rules ----------------------------------------------------------------------------------------

    def problems(self) -> Iterator[Problem]:
        """Yield names that do not match, and matrices of the wrong size."""
        for name in (*_KEYS.values(), "badAmps", "freeFitParamNames"):
            yield from self._repeated_names(name)
        for declared in self.FIELDS:
            if declared.table in _KEYS:
                yield from self._key_problems(declared.name, _KEYS[declared.table])
        for name, names_field in (("badAmps", "ampNames"), ("freeFitParamNames", "fitParamNames")):
            unknown = set(getattr(self, name).tolist()) - set(getattr(self, names_field).tolist())
            if unknown:
                yield Problem("CAL308", (name,), f"{name}: {', '.join(sorted(unknown))} not in {names_field}")
        if self.fitRange > self.inputRange:
            detail = f"fitRange is {self.fitRange}, more than inputRange {self.inputRange}"
            yield Problem("CAL308", ("metadata", "FIT_RANGE"), detail)
        side = len(self.freeFitParamNames)
        if self.fitParamCovMatrix.shape != (side, side):
            shape = " x ".join(map(str, self.fitParamCovMatrix.shape))
            detail = f"fitParamCovMatrix is {shape}, but {side} parameters were fitted"
            yield Problem("CAL215", ("fitParamCovMatrix",), detail)

    def _repeated_names(self, name: str) -> Iterator[Problem]:
        first_rows: dict[str, int] = {}
        for row, value in enumerate(getattr(self, name).tolist()):
            if first_rows.setdefault(value, row) != row:
                yield Problem("CAL306", (name, row), f"{name} value {row + 1}: {value} stands there twice")

    def _key_problems(self, name: str, names_field: str) -> Iterator[Problem]:
        """Yield the keys that only one of a mapping and the list of its names has."""
        names, keys = set(getattr(self, names_field).tolist()), set(getattr(self, name))
        if names - keys:
            missing = ", ".join(sorted(names - keys))
            yield Problem("CAL308", (name,), f"{name} has no entry for {missing}, which {names_field} has")
        if keys - names:
            surplus = ", ".join(sorted(keys - names))
            detail = f"{name} has an entry for {surplus}, which {names_field} has not"
            yield Problem("CAL308", (name,), detail)


def _first_cell(cells: TextColumn) -> TextColumn:
    """Return the only cell of a column as a column."""
    return TextColumn(np.asarray(cells.values[0]), cells.dtype, cells.unit, cells.doc)


def _is_vector(value: Any) -> bool:
    return isinstance(value, list) or (isinstance(value, np.ndarray) and value.ndim > 0)


def _length(value: Any) -> int:
    return len(value) if _is_vector(value) else 0
