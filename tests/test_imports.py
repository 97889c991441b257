"""The direction of imports, and their weight.

``ARROWS`` is the drawing in the design: an arrow is a right to import, and rights are
inherited (``estimators`` may import what ``engine`` may). A new room is a new line here.
"""

import ast
import importlib.metadata
import os
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

import chainrule

ARROWS = {
    "errors": (),
    "templates": (),
    "equations": ("errors",),
    "engine": ("equations",),
    "estimators": ("engine", "templates"),
    "models": ("equations",),
    "files": ("engine", "tables"),
    "streams": ("files",),
    "interop": ("estimators", "streams"),
    "worked": ("equations", "templates"),
    "tables": ("models",),
    "data": ("tables",),
    "search": ("estimators", "files"),
    "reports": ("experiments",),  # what a run found is what they show
    "experiments": ("search", "data", "reports", "interop"),
    "cli": ("experiments", "reports", "worked", "streams"),
    "__main__": ("cli",),
}
ARRAY_LIBRARIES = {"numpy", "scipy", "jax", "jaxlib", "torch", "sklearn", "pandas"}
HEAVY = ("jax", "torch", "sklearn", "matplotlib")
ROOT = Path(chainrule.__file__).parent


@dataclass(frozen=True)
class Import:
    """One imported module; ``when`` is ``load``, ``call`` (in a function) or ``types``."""

    importer: str
    target: str
    when: str

    @property
    def room(self) -> str:
        return room(self.importer)

    def __str__(self) -> str:
        return f"{self.importer} imports {self.target}"


def room(module: str) -> str:
    """``chainrule.engine.fit`` is in ``engine``; ``chainrule`` itself is in none."""
    return module.split(".")[1] if "." in module else ""


def _name(path: Path) -> str:
    parts = ("chainrule", *path.relative_to(ROOT).with_suffix("").parts)
    return ".".join(parts).removesuffix(".__init__")


MODULES = {_name(path): path for path in sorted(ROOT.rglob("*.py"))}


def _imports(module: str) -> Iterator[Import]:
    def visit(node: ast.AST, when: str) -> Iterator[Import]:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.Import):
                yield from (Import(module, alias.name, when) for alias in child.names)
            elif isinstance(child, ast.ImportFrom):
                assert child.level == 0, f"{module}: imports are absolute"
                for alias in child.names:  # a name may be a module of the package
                    whole = f"{child.module}.{alias.name}"
                    yield Import(module, whole if whole in MODULES else str(child.module), when)
            elif isinstance(child, ast.FunctionDef | ast.AsyncFunctionDef):
                yield from visit(child, "call")
            elif isinstance(child, ast.If) and ast.unparse(child.test) == "TYPE_CHECKING":
                yield from visit(child, "types")
            else:
                yield from visit(child, when)

    yield from visit(ast.parse(MODULES[module].read_text(encoding="utf-8")), "load")


IMPORTS = [found for module in MODULES for found in _imports(module)]
OURS = [found for found in IMPORTS if found.target.split(".")[0] == "chainrule"]
OTHERS = [found for found in IMPORTS if found.target.split(".")[0] != "chainrule"]


def reach(name: str, seen: frozenset[str] = frozenset()) -> set[str]:
    """The rooms that ``name`` may import, itself included."""
    further = (reach(other, seen | {name}) for other in ARROWS[name] if other not in seen)
    return {name}.union(*further)


def top(target: str) -> str:
    return target.split(".")[0]


# Direction


def test_every_room_is_in_the_drawing():
    assert {room(module) for module in MODULES} - {""} == set(ARROWS)


def test_the_imports_are_found():
    """The test's own eyes: a few that are known."""
    assert Import("chainrule.engine.fit", "jax", "load") in IMPORTS
    assert Import("chainrule.engine.fit", "chainrule.engine.plan", "load") in IMPORTS
    assert Import("chainrule.engine.eager", "torch", "call") in IMPORTS
    assert Import("chainrule", "chainrule.errors", "types") in IMPORTS


def test_nothing_imports_upward():
    """Neither when loaded nor when called; the package's own page is for ``__version__`` alone."""
    wrong = [
        str(found)
        for found in OURS
        if found.room and room(found.target) not in reach(found.room) | {""}
    ]
    assert wrong == []


def test_modules_do_not_import_each_other_in_a_circle():
    """When loaded: what a function imports, or a type checker, is no circle."""
    below = {module: set() for module in MODULES}
    for found in OURS:
        if found.when == "load" and found.importer != found.target:
            below[found.importer].add(found.target)
    remaining = dict(below)
    while loose := [m for m, needs in remaining.items() if not needs & remaining.keys()]:
        for module in loose:
            del remaining[module]
    assert sorted(remaining) == []


def test_errors_import_nothing_of_ours():
    assert [str(found) for found in OURS if found.room == "errors"] == []


# Weight


def test_the_equations_import_no_array_library():
    """The arrays bring their own; only ``erf`` has to know where libraries keep it."""
    found = [i for i in OTHERS if i.room in ("equations", "errors")]
    assert {top(i.target) for i in found if i.when != "call"} <= sys.stdlib_module_names
    inside = {(i.importer, top(i.target)) for i in found if i.when == "call"}
    assert inside == {("chainrule.equations.namespace", name) for name in ("scipy", "jax")}


def test_only_the_engine_imports_jax_at_its_top():
    loading = {i.room for i in OTHERS if top(i.target) in ("jax", "jaxlib") and i.when == "load"}
    assert loading == {"engine"}


def test_optuna_is_imported_where_it_is_asked_for_alone():
    assert {(i.room, i.when) for i in OTHERS if top(i.target) == "optuna"} == {("search", "call")}


def test_torch_is_imported_where_it_is_asked_for_alone():
    """In functions; two files of modules have it at their top, and are imported in functions."""
    modules = {"chainrule.interop.torch_modules", "chainrule.interop.torch_reading"}
    loading = {i.importer for i in OTHERS if top(i.target) == "torch" and i.when == "load"}
    assert loading == modules
    assert {(i.importer, i.target) for i in OURS if i.target in modules and i.when == "load"} == {
        ("chainrule.interop.torch_estimators", "chainrule.interop.torch_reading"),
        ("chainrule.interop.torch_reading", "chainrule.interop.torch_modules"),
    }
    after = "chainrule.interop.torch_estimators"
    assert {i.when for i in OURS if i.target == after} == {"call"}


def test_the_engine_does_not_know_scikit_learn():
    assert [str(i) for i in OTHERS if i.room == "engine" and top(i.target) == "sklearn"] == []


def test_only_figures_import_matplotlib_at_their_top():
    found = {i.room for i in OTHERS if top(i.target) == "matplotlib" and i.when == "load"}
    assert found <= {"reports"}


# Processes


def run(*arguments: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", *arguments], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    "module",
    [
        "chainrule",
        "chainrule.cli",
        "chainrule.data",
        "chainrule.equations.losses",
        "chainrule.equations.network",
        "chainrule.equations.optimizers",
        "chainrule.experiments",
        "chainrule.files",
        "chainrule.reports",
        "chainrule.search",
    ],
)
def test_importing_loads_nothing_heavy(module):
    code = f"import sys, {module}; print(*sorted({{name.split('.')[0] for name in sys.modules}}))"
    loaded = set(run("-c", code).split())
    assert "chainrule" in loaded
    assert loaded.isdisjoint(HEAVY)
    if module.startswith("chainrule.equations"):
        assert loaded.isdisjoint(ARRAY_LIBRARIES)


def test_the_command_answers_and_loads_nothing_heavy():
    code = (
        "import atexit, sys\n"
        f"atexit.register(lambda: print('heavy:', *(set({HEAVY!r}) & sys.modules.keys())))\n"
        "from chainrule.cli import main\n"
        "main()"
    )
    answer = run("-c", code, "--help")
    assert "Multilayer perceptrons whose every number can be checked by hand." in answer
    assert "recipes" in answer
    assert answer.splitlines()[-1] == "heavy:"


def test_the_command_is_installed():
    (command,) = importlib.metadata.entry_points(group="console_scripts", name="chainrule")
    assert command.value == "chainrule.cli:main"
    script = Path(sys.executable).with_name("chainrule" + (".exe" if os.name == "nt" else ""))
    for command in ([script], [sys.executable, "-m", "chainrule"]):
        done = subprocess.run([*command, "--version"], capture_output=True, text=True, check=True)
        assert done.stdout.split() == ["chainrule", chainrule.__version__]
