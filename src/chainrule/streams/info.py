"""What a model file says of itself, for people."""

import os

from chainrule.files.header import Pipeline
from chainrule.files.light import load_frozen
from chainrule.files.prepared import PreparedRecord
from chainrule.files.records import NotFinite
from chainrule.files.refusal import shown
from chainrule.models.gaps import told
from chainrule.streams.predict import columns_of, model_path

__all__ = ["described"]

MANY = 12
"""So many classes, columns or parameters are named."""

SAID = ("hidden_layer_sizes", "activation", "random_state", "device", "dtype", "loss")
"""Parameters that are told otherwise, or tell nothing here."""


def described(model: str | os.PathLike[str]) -> list[tuple[str, str]]:
    """Pairs of a heading and a text.

    Raises
    ------
    ModelFileError
        The file is not a model file, is damaged, or is of a newer format.
    """
    path = model_path(model)
    frozen, header = load_frozen(path)
    network, about = header.network, header.about
    sizes = frozen.sizes
    count = sum(layer.W.size + layer.b.size for layer in frozen.layers)
    found = [
        ("file", f"{path} ({path.stat().st_size:,} bytes, format {header.format_version})"),
        ("task", _task(frozen.task, about.target if about else None)),
        ("network", f"{'-'.join(map(str, sizes))}, {count:,} parameters, {network.network.dtype}"),
        ("activations", ", ".join(frozen.activations)),
    ]
    if frozen.classes is not None:
        found.append(("classes", _some(list(map(str, frozen.classes.tolist())))))
    columns = columns_of(frozen)
    if columns:
        found.append(("columns", _some([f"{each.name} ({each.kind})" for each in columns])))
    if frozen.image is not None:
        found.append(("image", str(frozen.image)))
    if frozen.missing is not None:
        found.append(("missing", f"{told(frozen.missing)}, in files of text"))
    if frozen.input_scale is not None:
        found.append(("input", f"divided by {frozen.input_scale:g}"))
    if isinstance(header.model, Pipeline):
        for name, step in zip(header.model.names, header.model.steps, strict=False):
            kind = (
                " and ".join(each.step for each in step.steps)
                if isinstance(step, PreparedRecord)
                else step.transformer
            )
            found.append((f"step {name!r}", f"{kind}, {step.n_in} to {step.n_out} columns"))
    found.append(("trained", f"{network.fitted.n_iter_} epochs, {network.estimator}"))
    if about:
        found += _about(about)
    found.append(("made with", ", ".join(f"{k} {v}" for k, v in header.made_with.items())))
    return found


def _task(task: str, target: str | None) -> str:
    names = {"binary": "classification, two classes", "multiclass": "classification"}
    return names.get(task, task) + (f", of {target!r}" if target else "")


def _about(about: object) -> list[tuple[str, str]]:
    from chainrule.files.header import About

    assert isinstance(about, About)
    found = []
    if about.source or about.rows:
        rows = f"{about.rows:,} rows" if about.rows else "rows"
        found.append(("training data", f"{rows} of {about.source or 'an unnamed source'}"))
    if about.fingerprint:
        found.append(("fingerprint", about.fingerprint))
    for name, value in about.metrics.items():
        number = value.float if isinstance(value, NotFinite) else f"{value:.4f}"
        found.append((name, number))
    if about.search:
        search = about.search
        score = search.best_score
        number = score.float if isinstance(score, NotFinite) else f"{score:.4f}"
        found.append(("search", f"{search.strategy}, best of {search.candidates}: {number}"))
        settings = [f"{name}={_value(value)}" for name, value in search.decoded().items()]
        found.append(("found", _some(settings)))
    return found


def _value(value: object) -> str:
    return f"{value:.4g}" if isinstance(value, float) else shown(value)


def _some(names: list[str]) -> str:
    more = f", ... ({len(names)})" if len(names) > MANY else ""
    return ", ".join(names[:MANY]) + more
