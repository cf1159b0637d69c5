"""Distortions of the pixel grid by the charge that is already collected."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, ClassVar, Self

import numpy as np

from curated.calib import Calib, calibration
from curated.calib.content import Content
from curated.calib.writing import plain
from curated.core.diagnostic import Problem
from curated.core.tables import ColumnData, TableData, TextColumn
from curated.declare import Array, PlotSpec, Spec, Table, column

_INPUT: tuple[str | int, ...] = ("inputRange", "inputRange")
_FIT: tuple[str | int, ...] = ("fitRange", "fitRange")
_MATRIX, _AMPLIFIERS, _PARAMETERS, _FILTERS = range(4)
_KEYS = {_AMPLIFIERS: "ampNames", _PARAMETERS: "fitParamNames", _FILTERS: "availableFilters"}
"""Fields that list the keys of the other tables, in the order of their vectors in FITS."""


def _no_names() -> Array:
    return np.zeros(0, "U1")


def _matrix(name: str, doc: str, shape: tuple[str | int, ...], **kwargs: Any) -> Any:
    return column("f8", column=name, shape=shape, doc=doc, **kwargs)


def _by_filter(name: str, doc: str) -> Any:
    return column(
        "f8", column=f"{name}_BY_FILTER", table=_FILTERS, shape=_FIT, required=False, default=dict, doc=doc
    )


@calibration
class ElectrostaticDistortion(Calib):
    """How far charge moves the boundaries of pixels, from an electrostatic model of the detector.

    The model is that of Astier & Regnault 2023, A&A 670, A118; the fit is to covariances of flat fields.
    Matrices are ``[row lag, column lag]`` from the charge. FITS and ECSV have one table of one row: what YAML
    has by amplifier, by parameter or by filter stands there as vectors, in the order of the names.
    """

    SPEC: ClassVar = Spec(
        name="electroBfDistortionMatrix",
        title="Electrostatic brighter-fatter distortion of the pixel grid",
        obstype="BF_DISTORTION_MATRIX",
        version=1.1,
        versions=(1.0, 1.1),
        schema="ELectrostatic brighter-fatter pixel distortion model",
        dimensions=("instrument", "detector"),
        storage_class="IsrCalib",
        calibcls="lsst.ip.isr.electrostaticBrighterFatter.ElectrostaticBrighterFatterDistortionMatrix",
        forms=("yaml", "ecsv", "json"),
        tables=(
            Table(name="MATRIX", rows="one"),
            Table(name="AMPLIFIERS", rows="key", key_column="AMPNAMES"),
            Table(name="PARAMETERS", rows="key", key_column="FIT_PARAM_NAMES"),
            Table(name="FILTERS", rows="key", key_column="AVAILABLE_FILTERS", optional=True),
        ),
        sizes={"inputRange": "INPUT_RANGE", "fitRange": "FIT_RANGE"},
        keywords=("INPUT_RANGE", "FIT_RANGE"),
        aliases=("electrostatic",),
        plot=PlotSpec(
            kind="matrix",
            y="boundaries",
            labels=("Lag along the row (pix)", "Lag along the column (pix)", "Shift (1/electron)"),
            log=True,
        ),
    )

    ampNames: Array = column("str", column="AMPNAMES", shape=("*",), doc="Amplifiers.")
    inputRange: int = column(
        "i8", column="INPUT_RANGE", keyword="INPUT_RANGE", text="inputRange", above=0, doc="Lags measured."
    )
    fitRange: int = column(
        "i8", column="FIT_RANGE", keyword="FIT_RANGE", text="fitRange", above=0, doc="Lags fitted."
    )
    badAmps: Array = column("str", column="BAD_AMPS", shape=("*",), doc="Amplifiers that were left out.")
    gain: dict[str, float] = column(
        "f8", column="GAIN", table=_AMPLIFIERS, finite=False, doc="Gains (electron/adu)."
    )
    aMatrix: Array = _matrix("A_MATRIX", "Measured area changes (1/electron).", _INPUT, finite=False)
    aMatrixSigma: Array = _matrix(
        "A_MATRIX_SIGMA", "Errors of the measured ones.", _INPUT, finite=False, minimum=0
    )
    aMatrixModel: Array = _matrix("A_MATRIX_MODEL", "Area changes of the model (1/electron).", _FIT)
    aMatrixSum: float = column("f8", column="A_MATRIX_SUM", finite=False, doc="Sum of the measured ones.")
    aMatrixModelSum: float = column("f8", column="A_MATRIX_MODEL_SUM", finite=False, doc="Sum of the model.")
    modelNormalization: Array = column(
        "f8", column="MODEL_NORMALIZATION", shape=(2,), finite=False, doc="Factor and offset of the model."
    )
    usedPixels: Array = column(
        "bool", column="USED_PIXELS", shape=_INPUT, doc="Whether each lag went into the fit."
    )
    fitParamNames: Array = column("str", column="FIT_PARAM_NAMES", shape=("*",), doc="Parameters.")
    freeFitParamNames: Array = column(
        "str", column="FREE_FIT_PARAM_NAMES", shape=("*",), doc="Parameters that were fitted."
    )
    fitParams: dict[str, float] = column(
        "f8", column="FIT_PARAMS", table=_PARAMETERS, doc="Value of each parameter."
    )
    fitParamErrors: dict[str, float] = column(
        "f8", column="FIT_PARAM_ERRORS", table=_PARAMETERS, finite=False, doc="Error of each parameter."
    )
    fitChi2: float = column("f8", column="FIT_CHI2", finite=False, doc="Chi squared of the fit.")
    fitReducedChi2: float = column(
        "f8", column="FIT_REDUCED_CHI2", finite=False, doc="Chi squared over the degrees of freedom."
    )
    fitParamCovMatrix: Array = column(
        "f8",
        column="FIT_PARAM_COV_MATRIX",
        shape=("*", "*"),
        finite=False,
        doc="Covariances of the fitted parameters.",
    )
    ath: Array = _matrix("ATH", "Area changes by theory (1/electron).", _FIT)
    athMinusBeta: Array = _matrix("ATH_MINUS_BETA", "The same less the term beta.", _FIT)
    aN: Array = _matrix("A_N", "Shifts of the northern boundary (1/electron).", _FIT)
    aS: Array = _matrix("A_S", "Shifts of the southern boundary (1/electron).", _FIT)
    aE: Array = _matrix("A_E", "Shifts of the eastern boundary (1/electron).", _FIT)
    aW: Array = _matrix("A_W", "Shifts of the western boundary (1/electron).", _FIT)
    availableFilters: Array = column(
        "str",
        column="AVAILABLE_FILTERS",
        shape=("*",),
        required=False,
        default=_no_names,
        since=1.1,
        doc="Filters that have matrices of their own.",
    )
    aMatrixModelByFilter: dict[str, Array] = _by_filter("A_MATRIX_MODEL", "Area changes in each filter.")
    athByFilter: dict[str, Array] = _by_filter("ATH", "Area changes by theory in each filter.")
    athMinusBetaByFilter: dict[str, Array] = _by_filter("ATH_MINUS_BETA", "The same less the term beta.")
    aNByFilter: dict[str, Array] = _by_filter("A_N", "Shifts of the northern boundary in each filter.")
    aSByFilter: dict[str, Array] = _by_filter("A_S", "Shifts of the southern boundary in each filter.")
    aEByFilter: dict[str, Array] = _by_filter("A_E", "Shifts of the eastern boundary in each filter.")
    aWByFilter: dict[str, Array] = _by_filter("A_W", "Shifts of the western boundary in each filter.")

    @property
    def boundaries(self) -> dict[str, Array]:
        """Shifts of the four boundaries, by name."""
        return {"north": self.aN, "south": self.aS, "east": self.aE, "west": self.aW}

    # -- text and FITS --------------------------------------------------------------------------------

    @classmethod
    def from_columns(
        cls, metadata: Mapping[str, Any], tables: list[Mapping[str, TextColumn]], form: str
    ) -> tuple[Self | None, list[Problem]]:
        """Read the stack's row: its vectors are the rows of tables by amplifier, parameter and filter."""
        row = dict(tables[0]) if tables else {}
        split: list[Mapping[str, TextColumn]] = [row]
        for index in _KEYS:
            name = cls.SPEC.tables[index].key_column
            keys = row.get(name)
            own = [f.column for f in cls.FIELDS if f.table == index]
            taken = {column: row.pop(column) for column in own if column in row}
            if keys is not None and len(keys.values):
                vectors = {column: _first(read) for column, read in taken.items() if len(read.values)}
                split.append({name: _first(keys), **vectors})
        return super().from_columns(metadata, split, form)

    @classmethod
    def prepare(cls, content: Content) -> list[Problem]:
        """Fold the covariances, which have no size in the header, and bring mappings into the order of the names."""
        values, problems = content.values, []
        for name, keyword in cls.SPEC.sizes.items():
            size, known = values.get(name), content.metadata.get(keyword)
            if isinstance(size, (np.ndarray, np.generic)) and size.ndim == 0:
                values[name] = size.item()
                if known is not None and known != size:
                    detail = f"{keyword} is {size} in the table, but {known} in the header"
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
                ordered = [name for name in np.asarray(names, object).tolist() if isinstance(name, str)]
                if len(ordered) == len(mapping) and set(ordered) == set(mapping):
                    values[declared.name] = {name: mapping[name] for name in ordered}
        return problems

    def tables(self) -> list[TableData]:
        """Return the stack's row, its columns in the order of the declaration."""
        made = super().tables()
        columns = {}
        for declared in self.FIELDS:
            value = getattr(self, declared.name)
            if declared.table == _MATRIX:
                data = made[_MATRIX].columns[declared.column].values
            elif not value:
                data = np.zeros((1, 0))
            else:
                data = np.stack([np.asarray(item) for item in value.values()])[np.newaxis]
            # What is empty has no type in the stack and becomes a float.
            columns[declared.column] = ColumnData(data if data.size else np.zeros((1, 0)))
        return [TableData(columns, carries_metadata=True)]

    def toDict(self) -> dict[str, Any]:
        """Return plain data; matrices are flat, as the stack reads them."""
        tree = super().toDict()
        return tree | {name: plain(getattr(self, name)) for name in ("inputRange", "fitRange")}

    # -- rules ----------------------------------------------------------------------------------------

    def problems(self) -> Iterator[Problem]:
        """Yield names that do not match, and matrices of the wrong size."""
        for name in (*_KEYS.values(), "badAmps", "freeFitParamNames"):
            yield from self._twice(name)
        for declared in self.FIELDS:
            if declared.table in _KEYS:
                listed = _KEYS[declared.table]
                names = getattr(self, listed).tolist()
                yield from self._keys(declared.name, listed, set(names), set(getattr(self, declared.name)))
        for name, listed in (("badAmps", "ampNames"), ("freeFitParamNames", "fitParamNames")):
            unknown = set(getattr(self, name).tolist()) - set(getattr(self, listed).tolist())
            if unknown:
                yield Problem("CAL308", (name,), f"{name}: {', '.join(sorted(unknown))} not in {listed}")
        if self.fitRange > self.inputRange:
            detail = f"fitRange is {self.fitRange}, more than inputRange {self.inputRange}"
            yield Problem("CAL308", ("metadata", "FIT_RANGE"), detail)
        side = len(self.freeFitParamNames)
        if self.fitParamCovMatrix.shape != (side, side):
            found = " x ".join(map(str, self.fitParamCovMatrix.shape))
            detail = f"fitParamCovMatrix is {found}, but {side} parameters were fitted"
            yield Problem("CAL215", ("fitParamCovMatrix",), detail)

    def _twice(self, name: str) -> Iterator[Problem]:
        first: dict[str, int] = {}
        for row, value in enumerate(getattr(self, name).tolist()):
            if first.setdefault(value, row) != row:
                yield Problem("CAL306", (name, row), f"{name} value {row + 1}: {value} stands there twice")

    def _keys(self, name: str, listed: str, names: set[str], keys: set[str]) -> Iterator[Problem]:
        if names - keys:
            lacking = ", ".join(sorted(names - keys))
            yield Problem("CAL308", (name,), f"{name} has no entry for {lacking}, which {listed} has")
        if keys - names:
            surplus = ", ".join(sorted(keys - names))
            yield Problem("CAL308", (name,), f"{name} has an entry for {surplus}, which {listed} has not")


def _first(read: TextColumn) -> TextColumn:
    """Return the only cell of a column as a column of its own."""
    return TextColumn(np.asarray(read.values[0]), read.dtype, read.unit, read.doc)


def _is_vector(value: Any) -> bool:
    return isinstance(value, list) or (isinstance(value, np.ndarray) and value.ndim > 0)


def _length(value: Any) -> int:
    return len(value) if _is_vector(value) else 0
