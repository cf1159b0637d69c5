"""Akima splines, against the formulas of the paper."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from curated.types._linearizer_math import akima
from support.akima import slow_akima
from support.texts import examples

SPLINES = st.integers(2, 9).flatmap(
    lambda n: st.tuples(
        st.lists(st.floats(0.5, 20), min_size=n - 1, max_size=n - 1),
        st.lists(st.floats(-50, 50), min_size=n, max_size=n),
        st.lists(st.floats(0, 1), min_size=3, max_size=3),
    )
)


@examples(300)
@given(SPLINES, st.floats(-100, 100))
def test_akima_is_the_papers(spline: tuple[list[float], list[float], list[float]], first: float) -> None:
    steps, values, places = spline
    nodes = [first, *(first + np.cumsum(steps))]
    x = np.array([nodes[0] + place * (nodes[-1] - nodes[0]) for place in places])
    y = akima(np.array(nodes), np.array(values), x)
    np.testing.assert_allclose(y, [slow_akima(nodes, values, v) for v in x], rtol=1e-9, atol=1e-9)


def test_akima_at_its_nodes_on_lines_and_parabolas() -> None:
    nodes = np.array([0.0, 1.0, 2.5, 3.0, 7.0, 8.0])
    values = np.array([1.0, -2.0, 4.0, 4.0, 0.0, 3.0])
    np.testing.assert_allclose(akima(nodes, values, nodes), values, atol=1e-12)
    x = np.linspace(0, 8, 33)
    np.testing.assert_allclose(akima(nodes, 3 * nodes - 1, x), 3 * x - 1, atol=1e-12)
    # Akima's method is exact for parabolas on nodes of equal distance (section 2.3 of the paper).
    even = np.arange(7.0)
    np.testing.assert_allclose(akima(even, even**2 - even, x[x <= 6]), (x**2 - x)[x <= 6], atol=1e-12)
