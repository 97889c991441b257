"""The public page: what ``chainrule`` exports is what it says, and no more."""

import ast
import importlib.metadata
import inspect
from pathlib import Path

import pytest

import chainrule


def announced():
    """The names that the page imports for type checkers and editors, each with its home."""
    page = ast.parse(Path(chainrule.__file__).read_text(encoding="utf-8"))
    (block,) = (
        node
        for node in page.body
        if isinstance(node, ast.If) and ast.unparse(node.test) == "TYPE_CHECKING"
    )
    found = {}
    for line in block.body:
        assert isinstance(line, ast.ImportFrom)
        for alias in line.names:
            assert alias.asname == alias.name, "Only 'as itself' is an export to type checkers."
            found[alias.name] = line.module
    return found


def test_the_names_are_sorted_and_unique():
    assert chainrule.__all__ == sorted(set(chainrule.__all__))


def test_the_page_is_short():
    assert len(chainrule.__all__) <= 16


@pytest.mark.parametrize("name", chainrule.__all__)
def test_each_name_is_there_and_documented(name):
    found = getattr(chainrule, name)
    if name != "__version__":
        assert found.__name__ == name
        assert inspect.getdoc(found)


def test_what_is_exported_is_what_is_announced():
    assert set(announced()) | {"__version__"} == set(chainrule.__all__)


@pytest.mark.parametrize(("name", "home"), announced().items())
def test_each_name_is_its_home_s_own_export(name, home):
    module = importlib.import_module(home)
    assert getattr(module, name) is getattr(chainrule, name)
    assert name in module.__all__


def test_a_star_import_gives_exactly_these():
    space = {}
    exec("from chainrule import *", space)
    assert set(space) - {"__builtins__"} == set(chainrule.__all__)


def test_dir_lists_exactly_these():
    assert dir(chainrule) == sorted((*chainrule.__all__, *chainrule._PACKAGES))


@pytest.mark.parametrize("name", ["MLPClasifier", "estimators_", "np"])
def test_anything_else_is_an_attribute_error(name):
    with pytest.raises(AttributeError, match=f"module 'chainrule' has no attribute '{name}'"):
        getattr(chainrule, name)


def test_the_version_is_the_distribution_s():
    assert chainrule.__version__ == importlib.metadata.version("chainrule")


MODULES = sorted(
    ".".join(path.relative_to(Path(chainrule.__file__).parent).with_suffix("").parts)
    for path in Path(chainrule.__file__).parent.rglob("*.py")
)


@pytest.mark.parametrize("name", MODULES)
def test_the_names_of_every_module_are_unique_and_there(name):
    """(Their order is the linter's.) A module without ``__all__`` is only documentation."""
    module = importlib.import_module(f"chainrule.{name}".removesuffix(".__init__"))
    names = getattr(module, "__all__", [])
    assert len(names) == len(set(names))
    assert [exported for exported in names if not hasattr(module, exported)] == []
    assert inspect.getdoc(module)
