"""Validation of documents with a JSON Schema, with messages in plain words.

``jsonschema`` decides. Importing it takes longer than reading the settings of a package, and it is slow on large
documents. So a quick test accepts valid documents first; a document that it does not accept may still be valid.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from functools import cache, cached_property
from typing import TYPE_CHECKING, Any, NamedTuple

from curated.core.diagnostic import Pointer, brief
from curated.core.similar import similar_name

if TYPE_CHECKING:
    from jsonschema.protocols import Validator as JsonSchemaValidator

Schema = Mapping[str, Any]
"""A JSON Schema of draft 2020-12 without references to others."""

_LEAST, _MOST = -(2**63), 2**63 - 1
LONGEST_KEY = 256
"""Most characters of a key; YAML itself takes no more than 1024."""

_TYPE_NAMES = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "null": "null",
    "array": "a list",
    "object": "a mapping",
}


class Fault(NamedTuple):
    """One thing that is wrong with a document.

    Parameters
    ----------
    pointer : `tuple`
        Place in the document; for a missing key that of its mapping, for an unknown key that of the key.
    keyword : `str`
        Keyword of JSON Schema that the value violates, such as ``required``; ``finite`` for NaN and infinity.
    detail : `str`
        The value and what would be right, such as ``id is -4, less than zero``.
    """

    pointer: Pointer
    keyword: str
    detail: str


class Validator:
    """A validator of documents that have one JSON Schema.

    Documents are plain data, as ``json`` or a YAML parser returns them. Beside the schema they must fit into JSON: keys
    are text of at most `LONGEST_KEY` characters, numbers are finite, and whole numbers have at most 64 bits. A number
    with a decimal point, such as 1.0, is not a whole number.

    Parameters
    ----------
    schema : `dict`
        The schema. Messages that replace a pattern or a range are in its ``patternErrorMessage`` and
        ``errorMessage``, two keywords that editors use as well.
    """

    def __init__(self, schema: Schema) -> None:
        self.schema = schema

    def faults(self, document: Any, name: str = "") -> list[Fault]:
        """Return everything that is wrong with a document; an empty list if it is valid.

        Parameters
        ----------
        document : `object`
            Plain data of any kind.
        name : `str`, optional
            Name of the document in messages, such as its key in a larger one.
        """
        if self._accepts(document):
            return []
        faults: list[Fault] = []
        plain = _plain(document, (), name, faults)
        reported = {fault.pointer for fault in faults}
        for error in self._validator.iter_errors(plain):
            faults += [fault for fault in _faults(error, name) if fault.pointer not in reported]
        # jsonschema has an error for each missing key, and `_faults` returns all of them each time.
        return list(dict.fromkeys(faults))

    @cached_property
    def _accepts(self) -> Callable[[Any], bool]:
        return _quick_test(self.schema)

    @cached_property
    def _validator(self) -> JsonSchemaValidator:
        from jsonschema import Draft202012Validator
        from jsonschema.validators import extend

        types = Draft202012Validator.TYPE_CHECKER.redefine(
            "integer", lambda _, value: isinstance(value, int) and not isinstance(value, bool)
        )
        cls = extend(Draft202012Validator, {"items": _items}, type_checker=types)  # type: ignore[no-untyped-call]
        validator: JsonSchemaValidator = cls(self.schema)
        return validator


def _items(validator: Any, items: Schema, value: Any, _: Schema) -> Iterator[Any]:
    """Validate the entries of a list that the quick test does not accept, of possibly thousands."""
    accepts = _quick_test(items)
    for i, entry in enumerate(value if isinstance(value, list) else ()):
        if not accepts(entry):
            yield from validator.descend(entry, items, path=i)


def _faults(error: Any, document_name: str) -> Iterator[Fault]:
    """Return the faults of an error of ``jsonschema``, one for each missing or unknown key."""
    pointer = tuple(error.absolute_path)
    keyword, limit, value, schema = str(error.validator), error.validator_value, error.instance, error.schema
    if keyword == "additionalProperties":
        for key in value.keys() - schema["properties"].keys():
            yield Fault((*pointer, key), keyword, _not_one_of(key, schema["properties"]))
    elif keyword == "required":
        for key in limit:
            if key not in value:
                yield Fault(pointer, keyword, f"{key!r} is missing")
    elif keyword == "enum" and schema.get("type") == "string" and not isinstance(value, str):
        return  # its type is a fault of its own
    elif "propertyNames" in error.absolute_schema_path:
        yield Fault((*pointer, value), keyword, f"{brief(value)} {_with_is(_violation(error))}")
    else:
        name = pointer[-1] if pointer else document_name
        violation = _violation(error)
        if isinstance(name, str) and name:
            yield Fault(pointer, keyword, f"{name} is {brief(value)}, {violation}")
        else:
            yield Fault(pointer, keyword, f"{brief(value)} {_with_is(violation)}")


def _with_is(violation: str) -> str:
    return f"is {violation}" if violation.startswith(("not ", "less ", "more ", "longer ")) else violation


def _violation(error: Any) -> str:
    """Return how a value violates the schema, as the end of the sentence ``NAME is VALUE, ...``."""
    keyword, limit, value, schema = str(error.validator), error.validator_value, error.instance, error.schema
    if keyword == "type":
        types = [limit] if isinstance(limit, str) else limit
        return f"not {' or '.join(_TYPE_NAMES[kind] for kind in types)}"
    if keyword == "pattern":
        blank = "which is blank" if not value.strip() else f"which does not match {limit}"
        return str(schema.get("patternErrorMessage", blank))
    if "errorMessage" in schema:
        return str(schema["errorMessage"])
    if keyword in ("enum", "const"):
        names = list(map(str, limit if keyword == "enum" else [limit]))
        nearest = similar_name(value, names) if isinstance(value, str) else ""
        return f"not one of {', '.join(names)}{_question([nearest] if nearest else [])}"
    if keyword in ("minimum", "maximum"):
        return f"{'less' if keyword == 'minimum' else 'more'} than {f'{limit:g}' if limit else 'zero'}"
    if keyword == "minLength":
        return f"shorter than {limit} characters" if value else "which is empty"
    if keyword == "maxLength":
        return f"longer than {limit} characters"
    if keyword == "maxItems":
        return f"more than {limit} entries"
    return f"which violates {keyword!r} of the schema"


def _not_one_of(key: str, names: Iterable[str]) -> str:
    """Return the message for an unknown key, with the most similar known one."""
    from difflib import get_close_matches

    nearest = get_close_matches(key, names, 1, cutoff=0.8)
    return f"{brief(key)} is not one of {', '.join(names)}{_question(nearest)}"


def _question(nearest: Sequence[str]) -> str:
    return f"; did you mean {nearest[0]!r}?" if nearest else ""


def _plain(value: Any, pointer: Pointer, document_name: str, faults: list[Fault]) -> Any:
    """Return a copy of a value without the parts that do not fit into JSON, and add a fault for each of these."""
    if isinstance(value, dict):
        return {
            key: _plain(item, (*pointer, key), document_name, faults)
            for key, item in value.items()
            if _is_key(key, pointer, faults)
        }
    if isinstance(value, list):
        return [_plain(item, (*pointer, i), document_name, faults) for i, item in enumerate(value)]
    wrong = _not_json(value)
    if wrong is None:
        return value
    name = pointer[-1] if pointer else document_name
    prefix = f"{name} is {brief(value)}," if isinstance(name, str) and name else f"{brief(value)} is"
    faults.append(Fault(pointer, wrong[0], f"{prefix} {wrong[1]}"))
    return None


def _is_key(key: Any, pointer: Pointer, faults: list[Fault]) -> bool:
    if isinstance(key, str) and len(key) <= LONGEST_KEY:
        return True
    is_text = isinstance(key, str)
    wrong = f"longer than {LONGEST_KEY} characters" if is_text else "not text; put it in quotes"
    place = (*pointer, key) if isinstance(key, (str, int)) else pointer
    faults.append(Fault(place, "propertyNames", f"key {brief(key)} is {wrong}"))
    return False


def _not_json(value: Any) -> tuple[str, str] | None:
    """Return keyword and message for a scalar that does not fit into JSON; `None` for one that does."""
    if isinstance(value, float) and not math.isfinite(value):
        return "finite", "not a finite number"
    if isinstance(value, int) and not _LEAST <= value <= _MOST:
        return "type", "not a whole number of 64 bits"
    return None if isinstance(value, (str, int, float, type(None))) else ("type", "not plain data")


_QUICK_KEYWORDS = frozenset(
    "$schema $id title description errorMessage patternErrorMessage type const pattern minLength maxLength minimum"
    " maximum maxItems enum items required properties additionalProperties propertyNames".split()
)
"""Keywords that the quick test implements; it accepts no value of a schema with others."""

Test = Callable[[Any], bool]


def _quick_test(schema: Schema) -> Test:
    """Return a test that is true only for values that fit into JSON and are valid; false may be wrong."""
    if not schema.keys() <= _QUICK_KEYWORDS or "type" not in schema:
        return _never
    if "const" in schema:
        const = schema["const"]
        return lambda value: value.__class__ is const.__class__ and value == const
    names = [schema["type"]] if isinstance(schema["type"], str) else schema["type"]
    tests = [_QUICK_TESTS[name](schema) for name in names]
    return tests[0] if len(tests) == 1 else lambda value: any(test(value) for test in tests)


def _never(_: Any) -> bool:
    return False


def _text_test(schema: Schema) -> Test:
    shortest, longest = schema.get("minLength", 0), schema.get("maxLength", math.inf)
    search = re.compile(schema.get("pattern", "")).search
    if "enum" in schema:
        choices = schema["enum"]
        return lambda value: value.__class__ is str and value in choices
    return lambda value: (
        value.__class__ is str and shortest <= len(value) <= longest and search(value) is not None
    )


def _integer_test(schema: Schema) -> Test:
    least, most = max(schema.get("minimum", _LEAST), _LEAST), min(schema.get("maximum", _MOST), _MOST)
    return lambda value: value.__class__ is int and least <= value <= most


def _number_test(schema: Schema) -> Test:
    least, most = schema.get("minimum", -math.inf), schema.get("maximum", math.inf)
    is_integer, isfinite = _integer_test(schema), math.isfinite
    return lambda value: (
        isfinite(value) and least <= value <= most if value.__class__ is float else is_integer(value)
    )


def _list_test(schema: Schema) -> Test:
    most = schema.get("maxItems", math.inf)
    # Tests of entries and values are made when they are needed: a document has few of the keys that it may have.
    entry_test = cache(lambda: _quick_test(schema["items"]) if "items" in schema else _is_json)
    return lambda value: (
        value.__class__ is list and len(value) <= most and (not value or all(map(entry_test(), value)))
    )


def _mapping_test(schema: Schema) -> Test:
    required = frozenset(schema.get("required", ()))
    properties = schema.get("properties", {})
    others = schema.get("additionalProperties", True)
    tests: dict[Any, Test] = {}
    name_test = cache(
        lambda: _quick_test({"type": "string", "maxLength": LONGEST_KEY} | schema.get("propertyNames", {}))
    )
    other_test = cache(
        lambda: {True: _is_json, False: _never}[others] if isinstance(others, bool) else _quick_test(others)
    )

    def accepts_new(key: Any, item: Any) -> bool:
        if key in properties:
            tests[key] = _quick_test(properties[key])
            return tests[key](item)
        return name_test()(key) and other_test()(item)

    def accepts(value: Any) -> bool:
        return (
            value.__class__ is dict
            and required <= value.keys()
            and all(tests[k](v) if k in tests else accepts_new(k, v) for k, v in value.items())
        )

    return accepts


_QUICK_TESTS: dict[str, Callable[[Schema], Test]] = {
    "string": _text_test,
    "integer": _integer_test,
    "number": _number_test,
    "boolean": lambda _: lambda value: value.__class__ is bool,
    "null": lambda _: lambda value: value is None,
    "array": _list_test,
    "object": _mapping_test,
}


def _is_json(value: Any) -> bool:
    faults: list[Fault] = []
    _plain(value, (), "", faults)
    return not faults
