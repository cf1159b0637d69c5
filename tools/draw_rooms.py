"""Draw the rooms of the package from its real imports: ``docs/rooms.svg``, and the table of CONTRIBUTING.md.

    python tools/draw_rooms.py [--check]

A room is a folder of ``src/curated``, or a module beside them. The layers are those that import-linter enforces
(``[tool.importlinter]`` in ``pyproject.toml``), the lines are imports, the sentences first lines of docstrings. An import that
a chain of others implies has no line: nearly every room imports ``core``. With ``--check`` nothing is written, and the exit
status is 1 if a file is not current.
"""

from __future__ import annotations

import argparse
import re
import sys
import tomllib
from collections.abc import Mapping, Sequence
from itertools import combinations, pairwise
from pathlib import Path
from statistics import fmean
from xml.sax.saxutils import escape

from source_tree import ROOT, Module, import_graph, reachable, read_modules

PICTURE = ROOT / "docs" / "rooms.svg"
PAGE = ROOT / "CONTRIBUTING.md"
BEGIN, END = "<!-- rooms: written by tools/draw_rooms.py -->", "<!-- /rooms -->"

STAGES = {
    "discover": "package",
    "read": "text",
    "check": "check",
    "convert": "convert",
    "bundle": "bundle",
    "import": "butler",
}
"""The way of the data: each stage and its room."""

Graph = Mapping[str, set[str]]
Node = tuple[str, ...]
"""A room, ``(name,)``, or the place in a row where a line passes: ``(importing room, imported room, row)``."""


def main() -> None:
    """Write the picture and the table, or check that they are current."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--check", action="store_true", help="write nothing; exit status 1 if a file is not current"
    )
    stale = [
        path for path, text in current_files().items() if not path.exists() or path.read_text("utf-8") != text
    ]
    if parser.parse_args().check:
        for path in stale:
            print(f"{path.relative_to(ROOT)} is not current: run python tools/draw_rooms.py", file=sys.stderr)
        sys.exit(bool(stale))
    for path in stale:
        path.write_text(current_files()[path], "utf-8")
        print(f"written {path.relative_to(ROOT)}")


def current_files() -> dict[Path, str]:
    """Return the files as they should be, by their paths."""
    modules = read_modules()
    graph = room_graph(modules)
    # The contract may have places for rooms that are not there.
    layers = [present for rooms in read_layers() if (present := [room for room in rooms if room in graph])]
    page = PAGE.read_text("utf-8")
    before, after = page.partition(BEGIN)[0], page.partition(END)[2]
    table = "\n".join(table_lines(modules, layers))
    return {
        PICTURE: draw(split_layers(layers, graph), reduce(graph)),
        PAGE: f"{before}{BEGIN}\n\n{table}\n\n{END}{after}",
    }


# -- what there is ------------------------------------------------------------------------------------


def read_layers() -> list[list[str]]:
    """Return the rooms of each layer, the highest layer first."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    (contract,) = (contract for contract in contracts if contract["type"] == "layers")
    return [re.findall(r"\w+", layer) for layer in contract["layers"]]


def room_graph(modules: Mapping[str, Module]) -> dict[str, set[str]]:
    """Return for each room the rooms that it imports.

    ``curated/__init__.py`` and ``__main__.py``, which start the package, are in no room.
    """
    graph: dict[str, set[str]] = {}
    for name, targets in import_graph(modules).items():
        room = room_of(name)
        if room:
            graph.setdefault(room, set()).update({room_of(target) for target in targets} - {room, ""})
    return graph


def room_of(module: str) -> str:
    """Return the room of a module; empty if it is in none."""
    room = f"{module}.".split(".")[1]
    return "" if room == "__main__" else room


def reduce(graph: Graph) -> dict[str, set[str]]:
    """Return the graph without the imports that a chain of other imports implies."""
    implied = {
        room: set().union(*(reachable(graph, target) for target in targets))
        for room, targets in graph.items()
    }
    return {room: targets - implied[room] for room, targets in graph.items()}


def table_lines(modules: Mapping[str, Module], layers: Sequence[Sequence[str]]) -> list[str]:
    """Return the way of the data and the rooms in Markdown, one sentence a room."""
    way = " → ".join(f"{stage} (`{room}`)" for stage, room in STAGES.items())
    rows = [
        f"| {number if room == rooms[0] else ''} | `{room}` | {modules[f'curated.{room}'].summary.replace('``', '`')} |"
        for number, rooms in enumerate(layers, 1)
        for room in rooms
    ]
    return [
        f"Text files in git → {way} → Butler repository",
        "",
        "| layer | room | |",
        "|---|---|---|",
        *rows,
    ]


# -- where each room stands ----------------------------------------------------------------------------------

WIDTH = 800
_MARGIN = 16
_BOX = (92, 28)
_LINE_WIDTH = 14
_GAP = 14
_ROW_HEIGHT = 48
_TOP = 170


def split_layers(layers: Sequence[Sequence[str]], graph: Graph) -> list[list[str]]:
    """Return rows of rooms that do not import each other: one for most layers, several where a layer's rooms do."""
    rows: list[list[str]] = []
    for layer in layers:
        waiting = list(layer)
        while waiting:
            imported = set().union(*(graph[room] for room in waiting))
            rows.append([room for room in waiting if room not in imported] or waiting)
            waiting = [room for room in waiting if room not in rows[-1]]
    return rows


def arrange(rooms: Sequence[Sequence[str]], graph: Graph) -> tuple[list[list[Node]], list[tuple[Node, Node]]]:
    """Return the rows of nodes from left to right, and the lines between neighbouring rows.

    A line that passes a row has a node there, so that it crosses no box. Rows are sorted so that few lines cross: by the mean
    position of their neighbours (Sugiyama et al. 1981, IEEE Trans. SMC 11, 109), then by exchanging pairs while that helps.
    """
    row_of = {room: number for number, row in enumerate(rooms) for room in row}
    rows: list[list[Node]] = [[(room,) for room in row] for row in rooms]
    lines: list[tuple[Node, Node]] = []
    for room, targets in sorted(graph.items()):
        for target in sorted(targets):
            passes: list[Node] = [(room, target, str(row)) for row in range(row_of[room] + 1, row_of[target])]
            for row, node in enumerate(passes, row_of[room] + 1):
                rows[row].append(node)
            lines += pairwise([(room,), *passes, (target,)])
    for sweep in range(24):
        order = range(len(rows)) if sweep % 2 else range(len(rows) - 1, -1, -1)
        for row in order:
            places = {
                node: index / max(len(nodes) - 1, 1) for nodes in rows for index, node in enumerate(nodes)
            }
            rows[row].sort(
                key=lambda node: fmean(places[other] for other in _neighbours(node, lines) or [node])
            )
        _exchange(rows, lines)
    return rows, lines


def _neighbours(node: Node, lines: Sequence[tuple[Node, Node]]) -> list[Node]:
    return [a if b == node else b for a, b in lines if node in (a, b)]


def _exchange(rows: list[list[Node]], lines: Sequence[tuple[Node, Node]]) -> None:
    """Exchange pairs of a row while fewer lines cross."""
    fewest = _crossings(rows, lines)
    for nodes in rows:
        for i, j in combinations(range(len(nodes)), 2):
            nodes[i], nodes[j] = nodes[j], nodes[i]
            count = _crossings(rows, lines)
            if count < fewest:
                fewest = count
            else:
                nodes[i], nodes[j] = nodes[j], nodes[i]


def _crossings(rows: Sequence[Sequence[Node]], lines: Sequence[tuple[Node, Node]]) -> int:
    places = {node: (row, index) for row, nodes in enumerate(rows) for index, node in enumerate(nodes)}
    ends = [(places[a][0], places[a][1], places[b][1]) for a, b in lines]
    return sum(
        first[0] == second[0] and (first[1] - second[1]) * (first[2] - second[2]) < 0
        for first, second in combinations(ends, 2)
    )


def centres(
    rows: Sequence[Sequence[Node]], lines: Sequence[tuple[Node, Node]]
) -> dict[Node, tuple[float, float]]:
    """Return the centre of each node in pixels, near its neighbours and apart from the others of its row."""
    x = {node: WIDTH * (index + 1) / (len(nodes) + 1) for nodes in rows for index, node in enumerate(nodes)}
    for _ in range(200):
        for nodes in rows:
            wishes = [_wish(node, x, lines) for node in nodes]
            x.update(zip(nodes, _apart(nodes, wishes), strict=True))
    shift = (WIDTH - min(x.values()) - max(x.values())) / 2
    return {
        node: (x[node] + shift, _TOP + _ROW_HEIGHT * row) for row, nodes in enumerate(rows) for node in nodes
    }


def _wish(node: Node, x: Mapping[Node, float], lines: Sequence[tuple[Node, Node]]) -> float:
    """Return the mean position of a node's neighbours, with a pull to the middle; passing lines are straight if possible."""
    weights = {other: 8.0 if len(node) == len(other) > 1 else 1.0 for other in _neighbours(node, lines)}
    weighted = [(WIDTH / 2, 0.4), (x[node], 1.0), *((x[other], weight) for other, weight in weights.items())]
    return sum(position * weight for position, weight in weighted) / sum(weight for _, weight in weighted)


def _apart(nodes: Sequence[Node], wishes: Sequence[float]) -> list[float]:
    """Return positions near the wishes, in their order, that leave each node its width."""
    halves = [(_BOX[0] if len(node) == 1 else _LINE_WIDTH) / 2 for node in nodes]
    distances = [first + _GAP + second for first, second in pairwise(halves)]
    to_the_right, to_the_left = list(wishes), list(wishes)
    for index, distance in enumerate(distances, 1):
        to_the_right[index] = max(to_the_right[index], to_the_right[index - 1] + distance)
    for index, distance in reversed(list(enumerate(distances))):
        to_the_left[index] = min(to_the_left[index], to_the_left[index + 1] - distance)
    # Both keep the distances, and so does their mean.
    return [fmean(pair) for pair in zip(to_the_right, to_the_left, strict=True)]


# -- the picture --------------------------------------------------------------------------------------

_STYLE = """\
text { font: 13px Helvetica, Arial, sans-serif; text-anchor: middle; fill: #000 }
.small { font-size: 12px }
rect { fill: #fff; stroke: #000 }
.way { fill: #d6e6f7 }
path { fill: none; stroke: #777 }"""


def draw(rooms: Sequence[Sequence[str]], graph: Graph) -> str:
    """Return the picture as SVG: black on white whatever the page's colours are."""
    rows, lines = arrange(rooms, graph)
    centre = centres(rows, lines)
    height = _TOP + _ROW_HEIGHT * len(rows) - 8
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}">',
        "<title>The rooms of curated and the way of the data through them</title>",
        f"<style>\n{_STYLE}\n</style>",
        '<defs><marker id="head" viewBox="0 0 8 8" refX="7" refY="4" markerWidth="7" markerHeight="7" orient="auto">'
        '<path d="M0 0 L8 4 L0 8 z" style="fill: #000; stroke: none"/></marker></defs>',
        f'<rect width="{WIDTH}" height="{height}" style="stroke: none"/>',
        *_draw_way(),
        *(_curve(centre[a], centre[b]) for a, b in lines),
    ]
    for (name, *passing), (x, y) in sorted(centre.items()):
        if passing:
            parts.append(f'<path d="M{x:.0f} {y - _BOX[1] / 2:.0f} V{y + _BOX[1] / 2:.0f}"/>')
        else:
            parts.append(_box(x, y, name, "way" if name in STAGES.values() else ""))
    return "\n".join([*parts, "</svg>", ""])


def _draw_way() -> list[str]:
    """The stages from left to right, between the files that are read and the repository that is filled."""
    step = (WIDTH - 2 * _MARGIN) / (len(STAGES) + 2)
    y = 62.0
    parts = [_text(WIDTH / 2, 24, "The way of the data")]
    for number, (stage, room) in enumerate([("text files", ""), *STAGES.items(), ("Butler", "")]):
        x = _MARGIN + step * (number + 0.5)
        if room:
            parts += [_box(x, y, room, "way", 76), _text(x, y + 32, stage, "small")]
        else:
            parts += [_text(x, y - 2, stage), _text(x, y + 13, "repository" if number else "in git")]
        if number:
            parts.append(
                f'<path d="M{x - step + 40:.0f} {y:.0f} H{x - 40:.0f}" style="stroke: #000" marker-end="url(#head)"/>'
            )
    return [*parts, _text(WIDTH / 2, 136, "The rooms, and what each imports: lines lead down")]


def _box(x: float, y: float, text: str, kind: str, width: int = _BOX[0]) -> str:
    height = _BOX[1]
    return (
        f'<rect x="{x - width / 2:.0f}" y="{y - height / 2:.0f}" width="{width}" height="{height}" rx="3" class="{kind}"/>'
        + _text(x, y + 4.5, text)
    )


def _text(x: float, y: float, text: str, kind: str = "") -> str:
    return f'<text x="{x:.0f}" y="{y:.1f}" class="{kind}">{escape(text)}</text>'


def _curve(start: tuple[float, float], end: tuple[float, float]) -> str:
    """A line from the lower edge of a node to the upper edge of one in the next row."""
    (x0, y0), (x1, y1) = start, end
    y0, y1 = y0 + _BOX[1] / 2, y1 - _BOX[1] / 2
    middle = (y0 + y1) / 2
    return f'<path d="M{x0:.0f} {y0:.0f} C{x0:.0f} {middle:.0f} {x1:.0f} {middle:.0f} {x1:.0f} {y1:.0f}"/>'


if __name__ == "__main__":
    main()
