"""Exercises: good numbers, sheets without the solution, and files that go round."""

import re
import shutil
import subprocess
import tomllib
from html.parser import HTMLParser

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import chainrule.worked.exercises.exercise as module
from chainrule.equations.activations import (
    ACTIVATIONS,
    HIDDEN_ACTIVATIONS,
    SELU_ALPHA,
    SELU_SCALE,
)
from chainrule.equations.losses import LOSSES
from chainrule.equations.optimizers import OPTIMIZERS
from chainrule.errors import InvalidInputError
from chainrule.worked.calculate import trace
from chainrule.worked.checking.answers import read_answers
from chainrule.worked.example import load_example
from chainrule.worked.exercises.draw import fault
from chainrule.worked.exercises.exercise import Exercise, exercise
from chainrule.worked.quantities import Quantity, Step, Trace

FORMATS = ("markdown", "latex", "html")
PAIRS = [(loss.name, output) for loss in LOSSES.values() for output in loss.outputs]


@st.composite
def wishes(draw):
    """Arguments of small exercises of every kind."""
    loss, output = draw(st.sampled_from(PAIRS))
    depth = draw(st.integers(1, 3))
    sizes = draw(st.lists(st.integers(1, 4), min_size=depth, max_size=depth))
    hidden = draw(
        st.lists(st.sampled_from(HIDDEN_ACTIVATIONS), min_size=depth - 1, max_size=depth - 1)
    )
    return {
        "layers": [*sizes, draw(st.integers(2, 4))],
        "activation": hidden,
        "output": output,
        "loss": loss,
        "seed": draw(st.integers(0, 10_000)),
        "samples": draw(st.integers(1, 3)),
        "optimizer": draw(st.sampled_from(sorted(OPTIMIZERS))),
        "layout": draw(st.sampled_from(["row", "column"])),
        "decimals": draw(st.integers(4, 6)),
        "penalty": draw(st.sampled_from([None, 0.1, {"convention": "l1", "strength": 0.1}])),
    }


def typed(found: Exercise) -> dict:
    """The answers' file with every blank filled in, rounded, and its zeros kept."""

    def filled(blank, value):
        if isinstance(blank, str):
            return f"{value:.{found.decimals}f}"
        assert len(blank) == len(value)
        return [filled(*pair) for pair in zip(blank, value, strict=True)]

    table = tomllib.loads(found.answers)
    for step in found.trace.steps:
        place = table if step.number == 1 else table[f"step{step.number}"]
        for key in found.asked:
            place[key] = filled(place[key], step[key])
    return table


# the numbers


@settings(deadline=None, max_examples=30)
@given(wishes())
def test_the_numbers_are_small_and_friendly(wish):
    example = exercise(**wish).example
    assert np.isin(np.abs(example.inputs()), np.arange(1, 5) / 2).all()
    for layer in example.layers():
        assert np.isin(np.abs(layer.W), np.arange(1, 11) / 10).all()
        assert np.isin(np.abs(layer.b), np.arange(1, 6) / 10).all()
    Y = example.targets()
    assert np.isin(Y, np.arange(-3, 4)).all()


def step_is_good(found: Exercise, step: Step) -> None:
    """The rules of the docstring, each said once more."""
    names, unit = found.example.activations, 10.0**-found.decimals
    for i, name in enumerate(names, 1):
        Z, A = step.values[f"Z{i}"], step.values[f"A{i}"]
        for place in (0, *ACTIVATIONS[name].kinks):
            assert np.abs(Z - place).min() >= 0.03
        assert np.abs(Z).max() <= {"logistic": 3, "tanh": 2, "exp": 2}.get(name, 4)
        columns = {tuple(column) for column in Z.T.round(found.decimals).tolist()}
        assert len(columns) == Z.shape[1]
        if name in ("relu", "leaky_relu"):
            assert 2 * (Z > 0).any(axis=0).sum() >= A.shape[1]
            assert 2 * (Z > 0).any(axis=1).sum() >= A.shape[0]
        if name == "softmax":
            assert A.min() >= 0.01
            assert A.max() <= 0.9
        for key in (f"dZ{i}", f"dW{i}", f"db{i}"):
            size = np.abs(step.values[key]).ravel()
            assert size.max() >= 10 * unit
            assert (size[size > 0].round(found.decimals) > 0).mean() >= 0.5
        if found.example.penalty and found.example.penalty.convention == "l1":
            assert np.abs(step.values[f"W{i}"]).min() >= 0.03
    residuals = np.abs(step.values[f"A{len(names)}"] - step.values["Y"])
    assert residuals.min() >= (0.03 if found.example.loss == "absolute_error" else 0.01)
    if found.example.loss == "huber":
        assert np.abs(residuals - 1).min() >= 0.03


@settings(deadline=None, max_examples=30)
@given(wishes())
def test_an_exercise_is_a_good_one(wish):
    found = exercise(**wish)
    for step in found.trace.steps:
        step_is_good(found, step)
    assert found.trace.losses[1] < found.trace.losses[0]


@pytest.mark.parametrize("activation", ["relu", "tanh", "logistic"])
@pytest.mark.parametrize("seed", range(25))
def test_many_seeds_are_good_at_every_step(activation, seed):
    found = exercise([2, 3, 2], activation, seed=seed, samples=2, steps=3)
    assert len(found.trace.steps) == 3
    for step in found.trace.steps:
        step_is_good(found, step)
    assert (np.diff(found.trace.losses) < 0).all()


@pytest.mark.parametrize(
    ("name", "W", "b", "Y", "words"),
    [
        ("relu", [[0.5], [0.5]], -1.0, 2.0, "relu is too near a kink"),
        ("tanh", [[0.5], [-0.25]], -0.25, 2.0, "tanh is too near 0"),
        ("relu", [[-0.5], [-0.5]], -0.5, 2.0, "too few units of relu are on"),
        ("relu", [[4.0], [4.0]], 0.5, 2.0, "its numbers are large"),
        ("tanh", [[1.0], [1.0]], 0.5, 2.0, "tanh is saturated"),
        ("tanh", [[0.5, 0.5], [0.1, 0.1]], 0.1, 2.0, "two units of a layer are equal"),
        ("tanh", [[0.5], [0.1]], 0.1, 0.5, "an output is already right"),
    ],
)
def test_a_bad_exercise_has_a_name(name, W, b, Y, words):
    """Of inputs 1 and 1, with an output that is 0.5 whatever comes before."""
    units = len(W[0])
    layers = [{"W": W, "b": [b] * units}, {"W": [[0.0]] * units, "b": [0.5]}]
    bad = trace(
        {"title": "bad", "activations": [name, "identity"], "loss": "squared_error",
         "X": [[1, 1]], "Y": [[Y]], "layers": layers}
    )  # fmt: skip
    assert words in fault(bad, 4)


@pytest.mark.parametrize(
    ("loss", "Y", "penalty", "words"),
    [
        ("absolute_error", 0.52, None, "a residual is too near a kink of absolute_error"),
        ("squared_error", 0.52, None, ""),
        ("huber", 1.51, None, "a residual is too near a kink of huber"),
        ("huber", -0.49, None, "a residual is too near a kink of huber"),
        ("huber", 1.6, None, ""),
        ("huber", 1.6, "l1", "a weight is too near 0, where its penalty has a kink"),
        ("huber", 1.6, "lambda", ""),
    ],
)
def test_a_kink_of_the_loss_or_of_the_penalty_has_a_name(loss, Y, penalty, words):
    bad = trace(
        {"title": "bad", "activations": ["identity"], "loss": loss, "X": [[1, 1]], "Y": [[Y]],
         "layers": [{"W": [[0.49], [0.01]]}],
         "penalty": penalty and {"convention": penalty, "strength": 0.1}}
    )  # fmt: skip
    assert fault(bad, 4) == words


def test_a_vanishing_gradient_has_a_name():
    layers = [{"W": [[0.5]], "b": [0.1]}, {"W": [[0.0001]], "b": [0.5]}]
    bad = trace(
        {"title": "bad", "activations": ["tanh", "identity"], "loss": "squared_error",
         "X": [[1]], "Y": [[1]], "layers": layers}
    )  # fmt: skip
    assert fault(bad, 4) == "a gradient of layer 1 vanishes at 4 decimals"
    assert fault(bad, 6) == ""


def test_what_cannot_be_is_an_error_with_its_reason():
    with pytest.raises(InvalidInputError, match=r"None of 200 draws .* vanishes at 2 decimals"):
        exercise([1] * 6, "logistic", decimals=2)
    with pytest.raises(InvalidInputError, match=r"saturated.*a smaller rate"):
        exercise([2, 3, 2], rate=50.0, steps=2)


def test_equal_arguments_give_equal_bytes_and_other_seeds_other_numbers():
    wish = {"layers": [3, 4, 2], "activation": "relu", "output": "softmax", "samples": 2}
    one, again, other = (exercise(**wish, seed=seed) for seed in (7, 7, 8))
    assert (one.toml, one.answers) == (again.toml, again.answers)
    for format in FORMATS:
        assert one.problem(format) == again.problem(format)
        assert one.solution(format) == again.solution(format)
    assert len({exercise(**wish, seed=seed).example.inputs().tobytes() for seed in range(10)}) > 5
    assert one.example.given != other.example.given


def test_the_numbers_of_a_seed_stay():
    """Sheets that were handed out stay reproducible."""
    found = exercise([2, 3, 2], activation="tanh", seed=7).example
    assert found.X == [[2, 1.5]]
    assert found.Y == [[0, 2]]
    assert found.given[0].W == [[-0.4, 0.5, 0.6], [-0.2, -0.1, 0.2]]
    assert found.given[1].b == [0.5, 0.4]


def test_a_layout_shows_the_same_exercise():
    row, column = (exercise([3, 2, 4], seed=5, layout=layout) for layout in ("row", "column"))
    assert row.trace.layout == "row" and column.trace.layout == "column"
    for key in row.asked:
        pair = (found.trace.steps[0].values[key] for found in (row, column))
        np.testing.assert_allclose(*pair, rtol=1e-12, atol=1e-15)
    np.testing.assert_array_equal(row.trace["W1"], column.trace["W1"].T)


# choices


def test_output_and_loss_follow_from_each_other():
    def chosen(**wish):
        found = exercise([2, 2, 2], **wish).example
        return found.activations[-1], found.loss

    assert chosen() == ("identity", "squared_error")
    assert chosen(output="softmax") == ("softmax", "cross_entropy")
    assert chosen(output="sigmoid") == ("logistic", "binary_cross_entropy")
    assert chosen(output="tanh") == ("tanh", "squared_error")
    assert chosen(loss="ce") == ("softmax", "cross_entropy")
    assert chosen(loss="bce") == ("logistic", "binary_cross_entropy")
    assert chosen(loss="poisson") == ("exp", "poisson")
    assert chosen(loss="mse") == ("identity", "mean_squared_error")
    assert chosen(output="softmax", loss="squared_error") == ("softmax", "squared_error")


def test_the_optimizer_decides_the_rate():
    def rate(**wish):
        return exercise([2, 2], **wish).example.update.rate

    assert (rate(), rate(optimizer="adam"), rate(rate=0.5)) == (0.1, 0.01, 0.5)
    assert (rate(optimizer="rmsprop"), rate(optimizer="momentum")) == (0.01, 0.1)


def test_a_penalty_is_a_strength_or_a_convention():
    half = exercise([2, 2], penalty=0.1).example.penalty
    full = exercise([2, 2], penalty={"convention": "lambda", "strength": 0.2}).example.penalty
    assert (half.convention, half.strength) == ("lambda/2", 0.1)
    assert (full.convention, full.strength) == ("lambda", 0.2)
    assert exercise([2, 2], penalty=full).example.penalty == full
    sizes = exercise([2, 3, 2], steps=3, penalty={"convention": "l1", "strength": 0.2})
    assert sizes.example.penalty.convention == "l1"
    assert "sum of the weights' absolute values" in sizes.problem()


def test_what_is_asked_for_can_be_chosen():
    def asked(quantities=None, **wish):
        return exercise([2, 3, 2], quantities=quantities, **wish).asked

    assert asked() == (
        "Z1", "A1", "Z2", "A2", "loss", "dZ2", "dW2", "db2", "dA1", "dZ1", "dW1", "db1",
        "W1_new", "b1_new", "W2_new", "b2_new", "loss_new",
    )  # fmt: skip
    assert asked(("dW", "Z", "loss")) == ("Z1", "Z2", "loss", "dW2", "dW1")
    assert asked("forward") == ("Z1", "A1", "Z2", "A2")
    assert asked(["dX", "S1"]) == ("S1", "dX")
    assert "L" in asked(samples=2)
    assert "dA2" not in asked(output="softmax")
    assert "dA2" in asked(output="tanh")
    assert {"data_loss", "penalty", "dW1_penalty"} <= set(asked(penalty=0.1))
    assert {"m_W1", "v_b2"} <= set(asked(optimizer="adam"))


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ({"layers": [3]}, "layers must have 2 to 6 numbers, .* got 1"),
        ({"layers": [2] * 7}, "layers must have 2 to 6 numbers, .* got 7"),
        ({"layers": "2,3"}, r"layers must be numbers of units such as \[2, 3, 2\], got '2,3'"),
        ({"layers": 5}, "layers must be numbers of units"),
        ({"layers": [2, 0]}, "Each of the layers must be a whole number from 1 to 12, got 0"),
        ({"layers": [2, 2.5]}, "from 1 to 12, got 2.5"),
        ({"layers": [13, 2]}, "from 1 to 12, got 13"),
        ({"layers": [9, 8]}, "a matrix of 72 numbers, and one that fits on a sheet has at most 64"),
        ({"layers": [12, 2], "samples": 6}, "a matrix of 72 numbers"),
        ({"layers": [8] * 6}, "would ask for 874 numbers, more than 500. Name fewer"),
        ({"layers": [2, 8], "output": "softmax", "samples": 2, "quantities": "S"}, "S1 has 128"),
        ({"activation": "tahn"}, "Unknown activation .* 'tahn'. Did you mean 'tanh'"),
        ({"activation": "softmax"}, "Unknown activation of a hidden layer 'softmax'"),
        ({"activation": ["tanh", "relu"]}, "one for each of the 1 hidden layers, got 2"),
        ({"layers": [2, 2], "activation": "tahn"}, "Did you mean 'tanh'"),
        ({"output": "softmaxx"}, "Unknown output activation 'softmaxx'. Did you mean 'softmax'"),
        ({"loss": "cros_entropy"}, "Unknown loss 'cros_entropy'. Did you mean 'cross_entropy'"),
        ({"loss": "cross_entropy", "output": "tanh"}, "needs the output softmax, got tanh"),
        ({"layers": [2, 1], "output": "softmax"}, "at least 2 outputs"),
        ({"seed": -1}, "seed must be a whole number from 0 on, got -1"),
        ({"seed": True}, "seed must be a whole number"),
        ({"samples": 0}, "samples must be a whole number from 1 to 6, got 0"),
        ({"steps": 6}, "steps must be a whole number from 1 to 5, got 6"),
        ({"decimals": 1}, "decimals must be a whole number from 2 to 10, got 1"),
        ({"optimizer": "agd"}, "Unknown optimizer 'agd'"),
        ({"layout": "columns"}, "Unknown layout 'columns'. Did you mean 'column'"),
        ({"rate": 0}, "rate must be a finite number above 0, got 0"),
        ({"rate": float("nan")}, "rate must be a finite number above 0, got nan"),
        ({"penalty": -0.1}, "penalty must be a finite number above 0, got -0.1"),
        ({"penalty": {"convention": "half", "strength": 0.1}}, "penalty: convention"),
        ({"penalty": {"strength": float("inf")}}, "penalty: strength: .* be a finite number"),
        ({"quantities": "dw"}, "Unknown quantity 'dw'. Did you mean 'dW'"),
        ({"quantities": "W1"}, "Unknown quantity 'W1'"),
        ({"quantities": ()}, "quantities must name at least one"),
    ],
)  # fmt: skip
def test_an_argument_that_cannot_be_used_is_named(wish, words):
    with pytest.raises(InvalidInputError, match=words):
        exercise(**{"layers": [2, 3, 2], **wish})


# the files


@settings(deadline=None, max_examples=25)
@given(wishes())
def test_a_file_of_blanks_is_no_answer_and_a_filled_one_is_right(wish):
    found = exercise(**wish)
    assert read_answers(tomllib.loads(found.answers), found.trace) == {}
    read = read_answers(typed(found), found.trace)
    assert [key for _, key in read] == list(found.asked)
    for (number, key), answer in read.items():
        value = found.trace.steps[number - 1].values[key]
        assert answer.value.shape == value.shape
        np.testing.assert_allclose(answer.value, value, rtol=0, atol=0.5001 * 10.0**-found.decimals)
        np.testing.assert_allclose(answer.half, 0.5 * 10.0**-found.decimals)


@pytest.mark.parametrize(
    "wish",
    [
        {"layers": [2, 3, 2], "seed": 7},
        {"layers": [3, 2, 3], "output": "softmax", "layout": "column", "samples": 2, "seed": 1},
        {"layers": [2, 2, 1], "activation": "relu", "loss": "bce", "steps": 2},
        {"layers": [2, 2], "optimizer": "adam", "penalty": 0.1, "samples": 3, "decimals": 6},
    ],
)  # fmt: skip
def test_the_files_go_round(wish, tmp_path):
    from chainrule.worked.checking.check import check

    found = exercise(**wish)
    found.write(tmp_path, FORMATS)
    assert trace(tmp_path / "example.toml").keys() == found.trace.keys()
    read = load_example(tmp_path / "example.toml")
    assert read.model_copy(update={"name": ""}) == found.example
    filled = typed(found)
    assert check(str(tmp_path / "example.toml"), filled).ok
    wrong = {**filled, found.asked[0]: np.full_like(found.trace[found.asked[0]], 9.87).tolist()}
    assert not check(str(tmp_path / "example.toml"), wrong).ok


def test_every_line_of_the_answers_says_what_it_is():
    found = exercise([2, 3, 2], seed=7, steps=2, quantities=("Z", "db", "loss"))
    lines = found.answers.splitlines()
    assert (
        lines[lines.index('Z1 = [["?", "?", "?"]]') - 1] == "# Pre-activations of layer 1 (1 × 3)"
    )
    assert lines.count('db1 = ["?", "?", "?"]') == 2
    assert lines.count('loss = "?"') == 2
    assert "[step2]" in lines
    keys = [i for i, line in enumerate(lines) if " = " in line and not line.startswith("#")]
    assert all(lines[i - 1].startswith("# ") for i in keys)
    assert len(keys) == 2 * len(found.asked)


def test_the_example_reads_as_a_teacher_writes_it():
    found = exercise([1, 2, 1], seed=4, samples=2, optimizer="momentum", penalty=0.1).toml
    assert re.search(r"^X = \[\n  \[-?[\d.]+\],\n  \[-?[\d.]+\],\n\]$", found, re.MULTILINE)
    assert 'optimizer = "momentum"\nsettings = { momentum = 0.9 }' in found
    assert "steps" not in found
    assert '[penalty]\nconvention = "lambda/2"\nstrength = 0.1' in found


# the sheets


class Elements(HTMLParser):
    """Every element of a page is closed, and nothing is fetched."""

    def __init__(self, page: str):
        super().__init__()
        self.open: list[str] = []
        self.feed(page)
        assert self.open == []

    def handle_starttag(self, tag, attributes):
        assert not {"src", "href"} & dict(attributes).keys()
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        pass

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def numbers(text: str) -> set[float]:
    """All numbers with a point that are said, without their signs, and what measures space."""
    text = text.partition(r"\begin{document}")[2] or text
    text = re.sub(r"\\[hv]space\{[^}]*\}|\\rule\{[^}]*\}\{[^}]*\}|p\{[^}]*\}", "", text)
    text = re.sub(r"<(style|script).*?</\1>|<[^>]*>", " ", text, flags=re.DOTALL)
    return {float(one) for one in re.findall(r"\d+\.\d+", text)}


def given_numbers(found: Exercise) -> set[float]:
    """What a sheet may say: parameters, batch, rate, settings, penalty."""
    example, first = found.example, found.trace.steps[0]
    settings = [example.update.rate, *example.update.settings.values()]
    settings += [0.01]  # leaky_relu's slope
    settings += [float(f"{x:.12g}") for x in (SELU_SCALE, SELU_SCALE * SELU_ALPHA)]
    settings += [example.penalty.strength] if example.penalty else []
    values = [one.value.ravel() for one in first.quantities.values() if one.stage == "given"]
    every = np.concatenate([*values, settings])
    return set(np.abs(every).tolist())


@pytest.mark.parametrize("format", FORMATS)
@settings(deadline=None, max_examples=8)
@given(wish=wishes())
def test_a_sheet_has_no_number_that_is_not_given(format, wish):
    found = exercise(**wish)
    shown = numbers(found.problem(format))
    assert shown <= given_numbers(found)
    for layer in found.example.layers():
        assert {abs(x) for x in layer.W.ravel().tolist() if x % 1} <= shown


@pytest.mark.parametrize("format", FORMATS)
@pytest.mark.parametrize("optimizer", ["sgd", "adamw"])
def test_a_sheet_never_sees_the_solution(format, optimizer):
    """It is the same when every calculated number is another."""
    wish = {"penalty": 0.1, "samples": 2, "steps": 2, "optimizer": optimizer}
    found = exercise([2, 3, 2], "relu", "softmax", seed=3, **wish)
    right = found.problem(format)

    def spoilt(step: Step) -> Step:
        other = {
            key: one if one.stage == "given" and step.number == 1 else wrong(one)
            for key, one in step.quantities.items()
        }
        return Step(step.number, step.rows, step.layout, other)

    def wrong(one: Quantity) -> Quantity:
        value = np.full_like(one.value, 777.125)
        return Quantity(one.key, one.stage, one.layer, one.kind, value, one.title, one.formula)

    found.__dict__["trace"] = Trace(found.example, tuple(map(spoilt, found.trace.steps)))
    assert "777" in found.solution(format)
    assert found.problem(format) == right


@pytest.mark.parametrize("format", FORMATS)
def test_a_solution_has_every_number_that_is_asked_for(format):
    found = exercise([8, 8, 2], seed=2, decimals=5)
    shown = np.array(sorted(numbers(found.solution(format))))
    for key in found.asked:
        for value in found.trace[key].ravel():
            assert np.abs(shown - abs(value)).min() <= 0.51e-5, key


def test_a_page_is_whole_and_fetches_nothing():
    page = exercise([2, 3, 2], output="softmax", seed=1, steps=2).problem("html")
    Elements(page)
    assert 'aria-label="The network: 2 inputs;' in page
    assert "http" not in page.replace("http://www.w3.org", "")


def test_a_sheet_says_what_to_do():
    found = exercise([2, 3, 2], seed=7)
    text = found.problem("md")
    assert text.startswith("# An exercise with 2-3-2 units (seed 7)\n")
    assert r"- $Z_{1} = X" in text
    assert "activations of layer 1: tanh\n" in text
    assert r"\eta = 0.1" in text
    assert "**17.** Loss on the same samples" in text
    assert text.count(r"\underline") == sum(found.trace[key].size for key in found.asked)


def test_a_sheet_says_no_more_than_is_needed():
    text = exercise([2, 3, 2], quantities="forward", optimizer="adam").problem()
    assert "moments" not in text
    assert "eta" not in text.replace("beta", "")


def test_a_second_step_needs_the_update():
    text = exercise([2, 2], quantities="Z", optimizer="adam", steps=2).problem()
    assert "The moments start at 0." in text
    assert r"\eta = 0.01" in text


@pytest.mark.parametrize(
    ("wish", "words"),
    [
        ({"output": "softmax"}, "softmax of a number is"),
        ({"activation": "gelu"}, "Φ is the distribution function"),
        ({"loss": "poisson"}, "0 ln(0) counts as 0"),
    ],
)
def test_what_a_formula_does_not_say_is_said(wish, words):
    assert words in exercise([2, 2, 2], **wish).problem()
    assert words not in exercise([2, 2, 2]).problem()


def test_steps_have_parts_of_their_own():
    text = exercise([2, 2], steps=2, optimizer="momentum").problem()
    assert "## Step 1: forward" in text
    assert "## Step 2: after the update" in text
    assert "The velocities start at 0." in text
    text = exercise([2, 2], optimizer="adagrad").problem()
    assert "The sums of squares start at 0." in text


def test_an_unknown_format_is_named():
    found = exercise([2, 2])
    for use in (found.problem, found.solution):
        with pytest.raises(InvalidInputError, match="Unknown format 'pdf'"):
            use("pdf")


@pytest.mark.skipif(shutil.which("pdflatex") is None, reason="needs pdflatex")
@pytest.mark.parametrize(
    "wish",
    [
        {"layers": [2, 3, 2], "seed": 7},
        {"layers": [5, 12, 4], "activation": "gelu", "output": "softmax", "optimizer": "adamw",
         "layout": "column", "penalty": 0.1, "samples": 2, "quantities": ("Z", "update", "S2")},
    ],
)  # fmt: skip
def test_the_latex_compiles(wish, tmp_path):
    (tmp_path / "problem.tex").write_text(exercise(**wish).problem("latex"), encoding="utf-8")
    command = ["pdflatex", "-interaction=nonstopmode", "-halt-on-error", "problem.tex"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True, errors="replace")
    assert done.returncode == 0, done.stdout[-2000:]
    assert "Overfull" not in done.stdout


# writing


def test_writing_gives_the_paths(tmp_path):
    found = exercise([2, 2], seed=1)
    paths = found.write(tmp_path / "new" / "sheet", ("md", "latex", "html"))
    assert [path.name for path in paths] == [
        "example.toml", "answers.toml", "problem.md", "solution.md", "problem.tex", "solution.tex",
        "problem.html", "solution.html",
    ]  # fmt: skip
    assert sorted(paths) == sorted((tmp_path / "new" / "sheet").iterdir())
    assert paths[0].read_bytes().decode() == found.toml
    assert paths[2].read_bytes().decode() == found.problem()
    assert paths[7].read_bytes().decode() == found.solution("html")


def test_nothing_is_overwritten_unless_forced(tmp_path):
    one, other = exercise([2, 2], seed=1), exercise([2, 2], seed=2)
    (tmp_path / "answers.toml").write_text("mine")
    with pytest.raises(InvalidInputError, match=r"already has answers\.toml: nothing was written"):
        one.write(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["answers.toml"]
    assert (tmp_path / "answers.toml").read_text() == "mine"
    one.write(tmp_path, force=True)
    other.write(tmp_path, force=True)
    assert (tmp_path / "answers.toml").read_bytes().decode() == other.answers


def test_a_failure_leaves_nothing(tmp_path, monkeypatch):
    found = exercise([2, 2])
    with pytest.raises(InvalidInputError, match="Unknown format"):
        found.write(tmp_path, ("html", "docx"))
    place = module.Path.replace

    def full(self, target):
        if target.name == "solution.md":
            raise OSError(28, "No space left on device")
        return place(self, target)

    monkeypatch.setattr(module.Path, "replace", full)
    with pytest.raises(InvalidInputError, match=r"could not be written into .*No space left"):
        found.write(tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_a_file_is_named(tmp_path):
    (tmp_path / "sheet").write_text("")
    with pytest.raises(InvalidInputError, match=r"could not be written into .*sheet"):
        exercise([2, 2]).write(tmp_path / "sheet")
