"""The one entrance: a trace of an example, a file, or a fitted estimator."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from chainrule.errors import ExampleError
from chainrule.worked.example import Example, load_example, parse_example
from chainrule.worked.fitted import fitted_example
from chainrule.worked.trace import Trace, trace_example

__all__ = ["find_example", "trace"]


def trace(source: Any, X: Any = None, y: Any = None, **changes: Any) -> Trace:
    """Every quantity of forward and backward propagation, in order, with its formula.

    Parameters
    ----------
    source
        The name of an example that ships (``chainrule trace --list``), the path of a TOML file, a
        mapping with the same keys, or a fitted ``MLPClassifier`` or ``MLPRegressor`` of ours or
        of scikit-learn.
    X, y
        The batch, for a fitted estimator: ``(n, n_features)`` and its targets, as for ``fit``.
    **changes
        Keys of the example to replace: ``layout``, ``loss``, ``reduction``, ``activations``,
        ``penalty``, ``update``, ... ; ``variant="name"`` takes one of the example's variants, and
        ``steps=n`` makes n updates instead of the example's.

    Returns
    -------
    Trace
        ``trace["dW2"]`` is an array in the example's layout, ``trace.steps[0].quantity("dW2")``
        has its formula too. In a notebook a trace shows itself.

    Raises
    ------
    ExampleError
        For a file, shape or name that cannot be used; the message says which.

    Examples
    --------
    >>> import chainrule
    >>> t = chainrule.trace("B-Q1.1")
    >>> float(t["loss"].round(3))
    0.376
    """
    if hasattr(source, "coefs_") or hasattr(source, "fit"):
        example, remarks = fitted_example(source, X, y)
        return trace_example(_changed(example, changes), remarks)
    if X is not None or y is not None:
        raise ExampleError("X and y go with a fitted estimator; an example has its own batch.")
    return trace_example(_changed(find_example(source), changes))


def find_example(source: Any) -> Example:
    """An example from its name, its file's path, or a mapping."""
    if isinstance(source, Example):
        return source
    if isinstance(source, Mapping):
        return parse_example(source)
    if isinstance(source, str | Path):
        return load_example(source)
    raise ExampleError(
        "A trace needs an example's name, a path, a mapping or a fitted estimator, "
        f"got {type(source).__name__}."
    )


def _changed(example: Example, changes: Mapping[str, Any]) -> Example:
    changes = dict(changes)
    name = changes.pop("variant", None)
    if name is not None:
        example = example.variant(name)
    if "steps" in changes:
        if example.update is None:
            raise ExampleError("The example has no [update], so there are no steps to make.")
        own = example.update.model_dump(by_alias=True)
        changes["update"] = {**own, **changes.get("update", {}), "steps": changes.pop("steps")}
    if not changes:
        return example
    table = example.model_dump(by_alias=True)
    if "layout" in changes and changes["layout"] != example.layout:
        table["layers"] = [
            {"W": layer.W.T.tolist() if changes["layout"] == "column" else layer.W.tolist(),
             "b": layer.b.tolist()}
            for layer in example.layers()
        ]  # fmt: skip
    return parse_example({**table, **_printed(example, changes), **changes})


def _printed(example: Example, changes: Mapping[str, Any]) -> dict[str, Any]:
    """The document's numbers: turned with the layout, left out where others are to be expected."""
    found = {"printed": example.printed, "printed_last": example.printed_last}
    if "update" in changes:
        found["printed_last"] = {}
        if not _only_steps(example, changes["update"]):
            found["printed"] = {}
    if changes.keys() - {"layout", "names", "update"}:
        return {"printed": {}, "printed_last": {}}
    if changes.get("layout", example.layout) == example.layout:
        return found
    return {
        name: {key: _turned(value) for key, value in numbers.items()}
        for name, numbers in found.items()
    }


def _only_steps(example: Example, update: Any) -> bool:
    """Whether an update is the example's own but for the number of steps."""
    if example.update is None or not isinstance(update, Mapping):
        return False
    own = example.update.model_dump(by_alias=True)
    return {**own, "steps": 1} == {**own, **update, "steps": 1}


def _turned(value: Any) -> Any:
    """A matrix transposed; vectors and single numbers as they are."""
    is_matrix = isinstance(value, list) and value and isinstance(value[0], list)
    return [list(column) for column in zip(*value, strict=True)] if is_matrix else value
