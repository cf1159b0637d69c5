"""Statistics of crosstalk matrices and of kernels with known values."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from curated.declare.statistic import NotRunError
from curated.types import _matrix_statistics as s
from support.demo import demo_calib
from support.kernels import bfk, kernel_of
from support.samples import AMPLIFIER, of_product


def crosstalk(matrix: Any, **more: Any) -> Any:
    return replace(
        demo_calib("crosstalk"),
        nAmp=len(matrix),
        coeffs=np.array(matrix),
        coeffErr=None,
        coeffValid=None,
        **more,
    )


def test_crosstalk() -> None:
    matrix = [[1e-5, 2e-4, -7e-4], [2e-4, 0, 1e-4], [3e-4, 4e-4, 0]]
    sample = of_product(crosstalk(matrix))
    assert s.LARGEST_COEFFICIENT.compute(sample) == (7e-4, 0)
    assert s.LARGEST_ROW_SUM.compute(sample).value == pytest.approx(7e-4)
    assert s.OWN_COEFFICIENT.compute(sample).value == 1e-5
    assert s.COEFFICIENT_ASYMMETRY.compute(sample).value == pytest.approx(1e-3)
    with pytest.raises(NotRunError, match="which coefficients are valid"):
        s.VALID_COEFFICIENTS.compute(sample)
    valid = np.ones((3, 3), bool)
    valid[0, 1] = valid[0, 0] = False
    known = replace(crosstalk(matrix), coeffValid=valid, coeffErr=np.full((3, 3), 2e-5))
    assert s.VALID_COEFFICIENTS.compute(of_product(known)).value == pytest.approx(5 / 6)
    assert s.LARGEST_COEFFICIENT.compute(of_product(known)).error == 2e-5
    with pytest.raises(NotRunError, match="no coefficients"):
        s.LARGEST_ROW_SUM.compute(of_product(replace(known, coeffs=None)))


def test_kernels() -> None:
    kernel = kernel_of()
    name = next(iter(bfk(kernel).kernels))
    amplifier = replace(AMPLIFIER, name=name)
    sample = of_product(bfk(kernel), amplifier)
    assert s.KERNEL_ASYMMETRY.compute(sample).value == pytest.approx(0, abs=1e-12)
    assert s.KERNEL_CENTRE.compute(sample).value == 1
    edge = (
        np.abs(np.concatenate([kernel[0], kernel[-1], kernel[:, 0], kernel[:, -1]])).max()
        / np.abs(kernel).max()
    )
    assert s.KERNEL_EDGE.compute(sample).value == pytest.approx(edge)
    spoiled = kernel.copy()
    spoiled[0, 0] = 3 * np.abs(kernel).max()
    sample = of_product(bfk(spoiled), amplifier)
    assert s.KERNEL_CENTRE.compute(sample).value == pytest.approx(1 / 3)
    assert s.KERNEL_EDGE.compute(sample).value == 1
    assert s.KERNEL_ASYMMETRY.compute(sample).value > 0.9
    of_amplifiers = replace(bfk(kernel), level="AMP", ampKernels={name: kernel}, valid={name: True})
    with pytest.raises(NotRunError, match="no valid kernel of amplifier C99"):
        s.KERNEL_EDGE.compute(of_product(of_amplifiers, replace(AMPLIFIER, name="C99")))
    with pytest.raises(NotRunError, match="empty"):
        s.KERNEL_EDGE.compute(of_product(bfk(0 * kernel), amplifier))
