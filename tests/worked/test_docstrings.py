"""The examples in the docstrings run, and say what they say."""

import doctest
import pkgutil
from importlib import import_module

import pytest

import chainrule.worked

MODULES = [
    found.name for found in pkgutil.walk_packages(chainrule.worked.__path__, "chainrule.worked.")
]


@pytest.mark.parametrize("name", MODULES)
def test_the_examples_run(name):
    assert doctest.testmod(import_module(name)).failed == 0


def test_there_are_some():
    count = sum(
        bool(test.examples)
        for name in MODULES
        for test in doctest.DocTestFinder().find(import_module(name))
    )
    assert count >= 12
