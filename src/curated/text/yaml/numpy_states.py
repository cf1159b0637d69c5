"""Pickled numpy arrays and scalars in YAML to plain data, decoded here and not by numpy.

lsst.ip.isr.IsrCalib.writeText dumps arrays with PyYAML's full Python dumper, as calls of numpy functions and their
arguments. Nothing is called here: the data type must be in a list of ours, and the size must fit the bytes.
"""

from __future__ import annotations

import base64
import binascii
import math
import re
from typing import Any

import numpy as np
import yaml

PYTHON = "tag:yaml.org,2002:python/"
RECONSTRUCT = tuple(
    f"{PYTHON}object/apply:numpy.{core}.multiarray._reconstruct" for core in ("core", "_core")
)
SCALAR = tuple(f"{PYTHON}object/apply:numpy.{core}.multiarray.scalar" for core in ("core", "_core"))

_NDARRAY = f"{PYTHON}name:numpy.ndarray"
_DTYPE = f"{PYTHON}object/apply:numpy.dtype"
_TUPLE = f"{PYTHON}tuple"
_BINARY = "tag:yaml.org,2002:binary"
_NUMBERS = frozenset({"b1", "i1", "i2", "i4", "i8", "u1", "u2", "u4", "u8", "f2", "f4", "f8"})
_TEXT = re.compile(r"U([1-9][0-9]{0,4})\Z")
_INTEGER = re.compile(r"-?(?:0|[1-9][0-9]{0,18})\Z")
_MOST_AXES = 8
_ENCODINGS = {"<": "utf-32-le", ">": "utf-32-be"}


class RefusedError(Exception):
    """A state that is not read.

    Parameters
    ----------
    detail : `str`
        Reason for the refusal.
    node : `yaml.Node`
        Place of the problem.
    """

    def __init__(self, detail: str, node: yaml.Node) -> None:
        super().__init__(detail)
        self.detail, self.node = detail, node


def array_of(node: yaml.Node) -> Any:
    """Return the array of a node as nested lists of numbers or flags; a scalar if it has no axes.

    Raises
    ------
    RefusedError
        If the node is not the state of an array of numbers or flags.
    """
    parts = _parts(node)
    _check_arguments(parts["args"])
    version, shape_node, dtype_node, order, data = _items(parts["state"], 5, _TUPLE)
    if _scalar(version) != "1":
        raise RefusedError("the state of a numpy array is of version 1", version)
    letter, code = _dtype(dtype_node)
    if code not in _NUMBERS:
        raise RefusedError(f"a numpy array of data type {code} is not read", dtype_node)
    shape = [_whole(item) for item in _items(shape_node, None, _TUPLE)]
    if len(shape) > _MOST_AXES or min(shape, default=0) < 0:
        raise RefusedError("the shape of a numpy array is at most eight whole numbers", shape_node)
    raw, size = _bytes(data), math.prod(shape)
    if len(raw) != size * int(code[1]):
        raise RefusedError(f"{len(raw)} bytes for {size} values of type {code}", data)
    if not size:
        # Beside an axis of length 0, the others may claim any length.
        return []
    dtype = np.dtype(f"{letter}{code}")
    if code == "b1" and raw.strip(b"\0\1"):
        raise RefusedError("the bytes of flags are 0 and 1", data)
    flat = np.frombuffer(raw, dtype)
    return flat.reshape(shape, order="F" if _flag(order) else "C").tolist()


def scalar_of(node: yaml.Node) -> Any:
    """Return the value of a numpy scalar: a number, a flag or a text.

    Raises
    ------
    RefusedError
        If the node is not the state of one.
    """
    if isinstance(node, yaml.MappingNode):
        node = _parts(node, state=False)["args"]
    dtype_node, data = _items(node, 2)
    letter, code = _dtype(dtype_node)
    raw = _bytes(data)
    width = int(code[1:]) * (4 if code[0] == "U" else 1)
    if len(raw) != width:
        raise RefusedError(f"{len(raw)} bytes for a value of type {code}", data)
    if code[0] == "U":
        try:
            return raw.decode(_ENCODINGS[letter]).rstrip("\0")
        except (UnicodeDecodeError, KeyError):
            raise RefusedError("the bytes of a text are not UTF-32", data) from None
    if code == "b1" and raw not in (b"\0", b"\1"):
        raise RefusedError("the byte of a flag is 0 or 1", data)
    return np.frombuffer(raw, np.dtype(f"{letter}{code}"))[0].item()


def _parts(node: yaml.Node, *, state: bool = True) -> dict[str, yaml.Node]:
    """Return the arguments of a call, and the state that the object gets afterwards."""
    keys = {"args", "state"} if state else {"args"}
    pairs = node.value if isinstance(node, yaml.MappingNode) else []
    parts = {str(key.value): value for key, value in pairs}
    if parts.keys() != keys or len(pairs) != len(keys):
        raise RefusedError(f"the state of a numpy value has {' and '.join(sorted(keys))}", node)
    return parts


def _check_arguments(node: yaml.Node) -> None:
    """Refuse arguments other than those that every array has."""
    kind, shape, code = _items(node, 3)
    if kind.tag != _NDARRAY:
        raise RefusedError("only numpy.ndarray is read", kind)
    if [_scalar(item) for item in _items(shape, 1, _TUPLE)] != ["0"] or _bytes(code) != b"b":
        raise RefusedError("the arguments of a numpy array are its type, (0,) and b'b'", node)


def _dtype(node: yaml.Node) -> tuple[str, str]:
    """Return byte order and code of a data type of numbers, flags or text."""
    if node.tag != _DTYPE:
        raise RefusedError("a numpy.dtype is expected", node)
    parts = _parts(node)
    code = _scalar(_items(parts["args"], 3)[0])
    if code not in _NUMBERS and not _TEXT.match(code):
        raise RefusedError(f"numpy data type {code[:20]!r} is not one of {', '.join(sorted(_NUMBERS))}", node)
    state = _items(parts["state"], 8, _TUPLE)
    letter = _scalar(state[1])
    if letter not in ("<", ">") and not (letter == "|" and code[1:] == "1" and code[0] != "U"):
        raise RefusedError(f"byte order {letter[:20]!r} is not < or >", state[1])
    if _scalar(state[0]) != "3" or any(_scalar(item) not in ("null", "~", "") for item in state[2:5]):
        raise RefusedError("a numpy data type of parts is not read", node)
    return letter, code


def _items(node: yaml.Node, count: int | None, tag: str = "") -> list[yaml.Node]:
    tagged = not tag or node.tag == tag
    if not isinstance(node, yaml.SequenceNode) or not tagged or count not in (None, len(node.value)):
        raise RefusedError(f"{'any number' if count is None else count} items are expected", node)
    return list(node.value)


def _scalar(node: yaml.Node) -> str:
    if not isinstance(node, yaml.ScalarNode) or node.tag.startswith(PYTHON):
        raise RefusedError("a plain value is expected", node)
    return str(node.value)


def _whole(node: yaml.Node) -> int:
    text = _scalar(node)
    if not _INTEGER.match(text):
        raise RefusedError("a whole number is expected", node)
    return int(text)


def _flag(node: yaml.Node) -> bool:
    text = _scalar(node).lower()
    if text not in ("true", "false"):
        raise RefusedError("true or false is expected", node)
    return text == "true"


def _bytes(node: yaml.Node) -> bytes:
    if not isinstance(node, yaml.ScalarNode) or node.tag != _BINARY:
        raise RefusedError("bytes (!!binary) are expected", node)
    try:
        return base64.b64decode("".join(node.value.split()), validate=True)
    except (binascii.Error, ValueError):
        raise RefusedError("the bytes are not base64", node) from None
