"""The tuples of rules: they hold every rule of the modules once."""

from __future__ import annotations

import importlib
import inspect
import pkgutil
from collections.abc import Iterator
from types import FunctionType

from curated.check import rules
from curated.check.rules import FILE_RULES, RULES


def functions_of(argument: str) -> Iterator[FunctionType]:
    """Public functions of the rules' modules whose only argument is of this type."""
    for info in pkgutil.iter_modules(rules.__path__, f"{rules.__name__}."):
        module = importlib.import_module(info.name)
        for function in vars(module).values():
            if inspect.isfunction(function) and function.__module__ == info.name:
                annotations = [a for name, a in function.__annotations__.items() if name != "return"]
                if annotations == [argument] and not function.__name__.startswith("_"):
                    yield function


def test_the_tuples_hold_every_rule_once() -> None:
    for argument, members in (("Context", RULES), ("FileContext", FILE_RULES)):
        assert len(set(members)) == len(members)
        assert set(members) == set(functions_of(argument))


def test_every_rule_says_what_it_yields() -> None:
    for rule in (*RULES, *FILE_RULES):
        assert str(rule.__doc__).startswith("Yield "), rule.__name__
