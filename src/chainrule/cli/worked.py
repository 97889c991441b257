"""``chainrule trace``, ``check``, ``verify``, ``compare`` and ``exercise``."""

import shutil
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from textwrap import wrap
from typing import Annotated, Any

import typer

from chainrule.cli.app import app, clean_errors

__all__ = ["check", "compare", "exercise", "trace", "verify"]

DIFFERENCES = "central differences"
EXAMPLE = "An example's name (chainrule trace --list shows them), or the path of a .toml file."
Example = Annotated[str, typer.Argument(metavar="NAME-or-FILE", help=EXAMPLE)]
Layout = Annotated[
    str | None,
    # a backslash, as typer would read [in] as a style
    typer.Option(help=r"row: W\[in]\[out], Z = A W + b; column: W\[out]\[in], Z = W A + b."),
]
Chosen = Annotated[str | None, typer.Option(help="One of the example's variants, by its name.")]
Steps = Annotated[
    int | None, typer.Option(min=1, help="How many updates to make, instead of the example's.")
]


@app.command()
def trace(
    example: Annotated[str | None, typer.Argument(metavar="NAME-or-FILE", help=EXAMPLE)] = None,
    format: Annotated[
        str, typer.Option("--format", "-f", help="text, markdown (or md), latex, html or json.")
    ] = "text",
    decimals: Annotated[
        int, typer.Option(min=0, max=15, help="Decimals shown; nothing is calculated with them.")
    ] = 4,
    layout: Layout = None,
    variant: Chosen = None,
    entry: Annotated[
        str | None,
        typer.Option(metavar="KEY[I,J]", help="One number only, written out, as in 'dW2[1,3]'."),
    ] = None,
    steps: Steps = None,
    every_step: Annotated[
        bool, typer.Option("--every-step", help="Show all steps in full, not the first and last.")
    ] = False,
    table: Annotated[
        bool, typer.Option("--table", help="Set the example's variants side by side instead.")
    ] = False,
    figure: Annotated[
        Path | None,
        typer.Option(metavar="FILE", help="Draw the variants' losses as a .png, .svg or .pdf."),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="Write to this file instead.")
    ] = None,
    list_all: Annotated[
        bool, typer.Option("--list", help="List the examples that come with the package.")
    ] = False,
    errata: Annotated[
        bool, typer.Option("--errata", help="List what the examples' documents print wrongly.")
    ] = False,
) -> None:
    """Show every number of a worked example, with the formula that gave it."""
    with clean_errors():
        if list_all or errata:
            _print("\n".join(_list() if list_all else _errata(_width())), out)
            return
        from chainrule.errors import ExampleError
        from chainrule.worked import render
        from chainrule.worked import trace as trace_example
        from chainrule.worked.render import render_cell

        if example is None:
            raise ExampleError("An example's name or file is required; --list shows the names.")
        if table or figure:
            if layout or variant or steps or entry or every_step:
                raise ExampleError(
                    "--table and --figure show an example and its variants as they are: leave "
                    "--layout, --variant, --steps, --entry and --every-step out."
                )
            _compared(example, format, decimals, out, figure)
            return
        found = trace_example(example, **_given(layout=layout, variant=variant, steps=steps))
        if entry is not None:
            _print(render_cell(found, entry, format=format, decimals=decimals), out)
            return
        colour = {"colour": True} if format == "text" and out is None and _colourful() else {}
        shown = "all" if every_step else "ends"
        _print(render(found, format, decimals=decimals, steps=shown, **colour), out)
        if format == "text" and out is None:
            _print("\n".join(_further(found.example)))


@app.command()
def check(
    example: Example,
    answers: Annotated[Path, typer.Argument(help="Your numbers: a .toml, .json or .csv file.")],
    layout: Layout = None,
    variant: Chosen = None,
    steps: Steps = None,
) -> None:
    """Check your own numbers, and name the slip. Exit status 0 only if all is right."""
    with clean_errors():
        from chainrule.worked import check as check_answers

        changes = _given(layout=layout, variant=variant, steps=steps)
        _conclude(check_answers(example, answers, **changes))


@app.command()
def verify(
    example: Annotated[
        str | None,
        typer.Argument(
            metavar="[NAME-or-FILE]", help=EXAMPLE, show_default="every example that ships"
        ),
    ] = None,
    variant: Chosen = None,
    steps: Steps = None,
) -> None:
    """Compare a trace with jax.grad, PyTorch and central differences. Exit status 0 if it holds."""
    with clean_errors():
        from chainrule.worked import verify as verify_example

        changes = _given(variant=variant, steps=steps)
        if example is None:
            _verify_all(changes)
        else:
            _conclude(verify_example(example, **changes))


def _verify_all(changes: dict[str, Any]) -> None:
    """A line for each example that ships."""
    from chainrule.errors import ExampleError
    from chainrule.worked import examples
    from chainrule.worked import verify as verify_example

    if changes:
        raise ExampleError(f"--{next(iter(changes))} needs the name of an example.")
    names, wrong = list(examples()), 0
    for name in names:
        found = verify_example(name)
        wrong += not found.ok
        largest = max((row.relative for row in found.rows if row.oracle != DIFFERENCES), default=0)
        verdict = "agrees" if found.ok else "DIFFERS: see chainrule verify " + name
        typer.echo(f"{name:<{max(map(len, names))}}  {verdict}  (largest {largest:.1e})")
    if wrong:
        raise typer.Exit(1)


@app.command()
def compare(example: Example, variant: Chosen = None, steps: Steps = None) -> None:
    """Train an example in NumPy, JAX, PyTorch and scikit-learn, and explain each difference."""
    with clean_errors():
        from chainrule.worked import compare as compare_libraries

        _conclude(compare_libraries(example, **_given(variant=variant, steps=steps)))


@app.command()
def exercise(
    layers: Annotated[
        str, typer.Option(metavar="N,N,...", help="Units of each layer, the inputs first.")
    ],
    activation: Annotated[str, typer.Option(help="Of the hidden layers.")] = "tanh",
    output: Annotated[
        str | None,
        typer.Option(
            help="Activation of the output layer.", show_default="what the loss goes with"
        ),
    ] = None,
    loss: Annotated[
        str | None,
        typer.Option(help="Of each sample.", show_default="what the output goes with"),
    ] = None,
    samples: Annotated[int, typer.Option(help="Samples in the batch.")] = 1,
    optimizer: Annotated[str, typer.Option(help="sgd, momentum, nesterov, adam, ...")] = "sgd",
    rate: Annotated[
        float | None,
        typer.Option(help="Learning rate.", show_default="0.1, or 0.01 for Adam and its kin"),
    ] = None,
    steps: Annotated[int, typer.Option(help="Updates.")] = 1,
    penalty: Annotated[
        float | None, typer.Option(help="Strength lambda of lambda/2 times the squared weights.")
    ] = None,
    layout: Annotated[str, typer.Option(help="row or column; see chainrule trace --help.")] = "row",
    decimals: Annotated[int, typer.Option(help="How many the answers are to have.")] = 4,
    seed: Annotated[int, typer.Option(help="Another seed gives other numbers.")] = 0,
    out: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="Where to write.", show_default="exercise-LAYERS-SEED"),
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="Replace the exercise in that folder.")
    ] = False,
) -> None:
    """Write a problem sheet with friendly numbers, an answer file, and the solution."""
    with clean_errors():
        from chainrule.worked import exercise as make

        options: dict[str, Any] = {"layout": layout}
        made = make(
            _sizes(layers), activation, output, loss, seed=seed, samples=samples, rate=rate,
            optimizer=optimizer, steps=steps, decimals=decimals, penalty=penalty, **options,
        )  # fmt: skip
        folder = out or Path(f"exercise-{layers.replace(',', '-').replace(' ', '')}-{seed}")
        with _writing(folder):
            paths = made.write(folder, formats=("markdown", "latex", "html"), force=force)
        for path in paths:
            typer.echo(f"Wrote {path}.")
        typer.echo(f"Check: chainrule check {folder / 'example.toml'} {folder / 'answers.toml'}")


def _sizes(text: str) -> list[int]:
    from chainrule.errors import ExampleError

    try:
        return [int(part) for part in text.split(",")]
    except ValueError:
        raise ExampleError(
            f"--layers must be whole numbers with commas between, such as 2,3,2; got {text!r}."
        ) from None


def _compared(
    example: str, format: str, decimals: int, out: Path | None, figure: Path | None
) -> None:
    """The example's studies as tables with what they say, and as a figure."""
    from chainrule.worked import studies
    from chainrule.worked.example import load_example
    from chainrule.worked.render import render_table

    asked = load_example(example)
    if figure is not None:
        _draw(example, figure)
        if not (asked.table or asked.curves):
            return
    parts = []
    for study in studies.studies(example):
        width = {"width": _width()} if format == "text" else {}
        shown = render_table(study.headers(), study.rows(), format, decimals=decimals, **width)
        parts += [study.title, shown] if format == "text" else [shown]
        if format in ("text", "markdown", "md"):
            parts += ["\n".join(wrap(line, _width())) for line in study.says]
    _print("\n\n".join(part.strip("\n") for part in parts), out)


def _draw(example: str, path: Path) -> None:
    from chainrule.errors import ExampleError
    from chainrule.worked import studies

    if path.suffix not in (".png", ".svg", ".pdf"):
        raise ExampleError(f"A figure needs a name that ends in .png, .svg or .pdf, got {path}.")
    found = studies.curves_figure(studies.curves(example))
    with _writing(path):
        found.savefig(path, dpi=160)
    typer.echo(f"Wrote {path}.", err=True)


def _further(example: Any) -> Iterator[str]:
    """What else can be asked of an example."""
    name = example.name
    if example.variants:
        names = ", ".join(variant.name for variant in example.variants)
        yield from wrap(f"--variant NAME traces one of: {names}.", _width())
    if example.table or example.curves:
        yield f"chainrule trace {name} --table sets them side by side."
    if example.curves:
        yield f"chainrule trace {name} --figure FILE.png draws their losses."


@contextmanager
def _writing(path: Path) -> Iterator[None]:
    from chainrule.errors import ExampleError

    try:
        yield
    except OSError as error:
        raise ExampleError(f"{path} cannot be written: {error.strerror or error}.") from None


def _given(**options: Any) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}


def _conclude(report: Any) -> None:
    """Print a report; what is not right ends with exit status 1."""
    _print(report.text(_width()))
    if not report.ok:
        raise typer.Exit(1)


def _list() -> Iterator[str]:
    from chainrule.worked import examples

    known = examples()
    width = max(map(len, known))
    for name, title in known.items():
        yield f"{name:<{width}}  {title}"


def _errata(width: int) -> Iterator[str]:
    from chainrule.worked import errata
    from chainrule.worked.errata import DOCUMENTS

    document = ""
    for one in errata():
        if one.document != document:
            document = one.document
            yield from ("", *wrap(f"{document}: {DOCUMENTS[document]}", width))
        where = f" [{one.at[0]}, {one.at[1]}]" if one.at else ""
        words = f"{one.number:>2}  {one.printed} Right: {one.right}{where}"
        yield from wrap(words, width, subsequent_indent="    ")


def _width() -> int:
    return min(shutil.get_terminal_size((80, 24)).columns, 120)


def _colourful() -> bool:
    """Whether colour codes are wanted: on a terminal, unless the user says no."""
    import os

    return sys.stdout.isatty() and not os.environ.get("NO_COLOR")


def _echo(text: str) -> None:
    """To the standard output, with question marks for what its encoding has no sign for."""
    from chainrule.errors import ExampleError

    try:
        typer.echo(text, nl=False)
    except UnicodeEncodeError as error:
        typer.echo(text.encode(error.encoding, "replace").decode(error.encoding), nl=False)
        hint = (
            f"{error.encoding} lacks some signs: they are shown as ?. --out FILE writes them all."
        )
        typer.echo(hint, err=True)
    except BrokenPipeError:  # whoever reads has read enough
        raise
    except OSError as error:
        raise ExampleError(f"The output cannot be written: {error.strerror or error}.") from None


def _print(text: str, out: Path | None = None) -> None:
    text = text.rstrip("\n") + "\n"
    if out is None:
        _echo(text)
    else:
        with _writing(out):
            out.write_text(text, encoding="utf-8")
        typer.echo(f"Wrote {out}.")
