"""The spline of Akima 1970, J. ACM 17, 589, written out for one point."""

from __future__ import annotations


def slow_akima(nodes: list[float], values: list[float], x: float) -> float:
    """Akima 1970, J. ACM 17, 589, as the paper says it, for one x."""
    if len(nodes) == 2:
        return values[0] + (values[1] - values[0]) * (x - nodes[0]) / (nodes[1] - nodes[0])
    m = [(values[i + 1] - values[i]) / (nodes[i + 1] - nodes[i]) for i in range(len(nodes) - 1)]
    m = [3 * m[0] - 2 * m[1], 2 * m[0] - m[1], *m, 2 * m[-1] - m[-2], 3 * m[-1] - 2 * m[-2]]
    weights = [abs(m[i + 3] - m[i + 2]) + abs(m[i + 1] - m[i]) for i in range(len(nodes))]
    slopes = []
    for i in range(len(nodes)):
        after, before = abs(m[i + 3] - m[i + 2]), abs(m[i + 1] - m[i])
        if weights[i] <= 1e-9 * max(weights):
            slopes.append((m[i + 1] + m[i + 2]) / 2)
        else:
            slopes.append((after * m[i + 1] + before * m[i + 2]) / (after + before))
    k = max(i for i in range(len(nodes) - 1) if i == 0 or nodes[i] <= x)
    width, u = nodes[k + 1] - nodes[k], x - nodes[k]
    p2 = (3 * m[k + 2] - 2 * slopes[k] - slopes[k + 1]) / width
    p3 = (slopes[k] + slopes[k + 1] - 2 * m[k + 2]) / width**2
    return values[k] + slopes[k] * u + p2 * u**2 + p3 * u**3
