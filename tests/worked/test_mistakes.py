"""What is wrong with an example's file is said by its author's names, with what came."""

import tomllib

import pytest

from chainrule import trace
from chainrule.errors import ExampleError

MINE = """
title = "Two inputs, three hidden units, one output"
activations = ["sigmoid", "identity"]
loss = "squared_error"
X = [[1, 2], [3, 4], [5, 6]]
Y = [[1], [2], [3]]

[[layers]]
W = [[0.1, 0.2, 0.3], [0.3, 0.4, 0.5]]
b = [0.5, 0.5, 0.1]

[[layers]]
W = [[0.6], [0.7], [0.8]]

[update]
rate = 0.1
"""
W1, W2, B1 = "W = [[0.1, 0.2, 0.3], [0.3, 0.4, 0.5]]", "[[0.6], [0.7], [0.8]]", "[0.5, 0.5, 0.1]"
X, Y = "X = [[1, 2], [3, 4], [5, 6]]", "Y = [[1], [2], [3]]"


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        # shapes
        (
            W2,
            "[0.6, 0.7, 0.8]",
            r"^W2 must be a matrix.*got a flat list of 3: \[0\.6, 0\.7, 0\.8\]",
        ),
        (W2, "[[0.6, 0.7, 0.8]]", "^W2 is 1 by 3 in the row layout.*3 rows.*looks transposed"),
        (W2, "[[0,6], [0.7], [0.8]]", "^W2 must be .*3 rows of 2, 1, 1 numbers.*with a point"),
        (W2, '"abc"', '^W2 must be a matrix.*got the text "abc"'),
        (B1, "[[0.5], [0.5], [0.1]]", "^b1 must be a list of numbers.*got 3 by 1"),
        (B1, "[0.5, 0.5]", "^b1 must hold 3 numbers"),
        (X, "X = [[1, 3, 5], [2, 4, 6]]", "^W1 is 2 by 3.*X is 2 by 3: a sample a row"),
        (X, "X = [1, 2]", "^X must be a matrix.*got a flat list of 2"),
        (X, "X = []", "^X must be a matrix with at least one number, and is empty"),
        (X, 'X = [["one", 2]]', '^X must be a matrix.*got 1 by 2: \\[\\["one", 2\\]\\]'),
        (Y, "Y = [[1, 2, 3]]", "^Y must be 3 samples by 1 outputs, got 1 by 3: a sample a row"),
        # numbers
        (W2, "[[nan], [0.7], [0.8]]", "^W2 must hold finite numbers, got NaN or infinity"),
        (B1, "[inf, 0.5, 0.1]", "^b1 must hold finite numbers"),
        ("rate = 0.1", "rate = inf", r"^rate of \[update\] must be a finite number, got inf"),
        ("rate = 0.1", 'rate = "low"', r'^rate of \[update\] must be a number, got the text "low"'),
        ("rate = 0.1", "rate = 1\nsteps = 1.5", r"^steps of \[update\] must be a whole number"),
        (Y, f"{Y}\nweights = [1, nan, 3]", "^weights must hold finite numbers"),
        (Y, 'labels = ["a", "b", "c"]', "^labels must be a list of whole numbers, counted from 0"),
        (Y, "labels = [0, 1, 1]", r"^labels .*from 0 to 0 \(the last layer has 1 unit\).*give Y ="),
        # keys
        ("title", "titel", r"^Unknown key 'titel'\. Did you mean 'title'\?"),
        (
            "[[layers]]\nW = [[0.1",
            "[[layer]]\nW = [[0.1",
            "^Unknown key 'layer'. Did you mean 'lay",
        ),
        ("b = ", "bias = ", r"^Unknown key of \[\[layers\]\] 'bias'\. Known: W, b, units\.$"),
        ("rate", "learning_rate", r"^Unknown key of \[update\] 'learning_rate'"),
        ("[update]", "reduction = 'sum'\n[update]", "It belongs in the example itself, above"),
        (Y, f"{Y}\nrate = 0.1", r"^Unknown key 'rate'.*It belongs in \[update\]"),
        ('loss = "squared_error"', "", "^loss is required, and is not there"),
        (f"W = {W2}", "", "^W2 is required, and is not there"),
        ("rate = 0.1", "", r"^rate of \[update\] is required"),
        (Y, "", "^Either Y or labels is required, and not both; got neither"),
        (Y, f"{Y}\npenalty = 0.1", "^penalty must be a table, got 0.1"),
        (
            "[update]",
            '[[notes]]\ntext = ""\n[update]',
            r"^at of \[\[notes\]\] number 1 is required",
        ),
        # names and what goes together
        ("sigmoid", "sigmod", "Did you mean 'sigmoid'"),
        ("rate", "optimizer = 'adam'\nsettings = {beta1 = 0.9}\nrate", "Did you mean 'beta_1'"),
        ("rate", "settings = {momentum = 0.9}\nrate", "^Unknown setting of sgd 'momentum'"),
        (
            "rate",
            "optimizer='adam'\nsettings = {beta_1 = 1.5}\nrate",
            "at least 0 and below 1, got",
        ),
        ("[update]", "[printed]\nZ1 = 'abc'\n[update]", r"^Z1 of \[printed\] must hold numbers"),
        ("[update]", "[printed]\nZ9 = 0.3\n[update]", r"^Unknown quantity of \[printed\] 'Z9'"),
    ],
)
def test_the_message_names_the_place_and_what_came(old, new, message):
    assert old in MINE
    with pytest.raises(ExampleError, match=message):
        trace(tomllib.loads(MINE.replace(old, new, 1)))


def test_layers_in_single_brackets():
    text = MINE.replace("[[layers]]", "[layers]", 1).replace(f"[[layers]]\nW = {W2}", "")
    with pytest.raises(ExampleError, match=r"^layers must be written as \[\[layers\]\], once"):
        trace(tomllib.loads(text))


@pytest.mark.parametrize(
    ("loss", "output", "targets", "message"),
    [
        ("bce", "sigmoid", [[0.5], [2], [1]], r"from 0 to 1 .* got \[2\.0\] in row 2"),
        ("poisson", "exp", [[0], [3], [-1]], r"from 0 up .* got \[-1\.0\] in row 3"),
        ("ce", "softmax", [[1], [1], [0]], r"the sum 1 in each row .* got \[0\.0\] in row 3"),
    ],
)
def test_targets_that_the_loss_makes_no_sense_of(loss, output, targets, message):
    table = tomllib.loads(MINE)
    table |= {"loss": loss, "activations": ["tanh", output], "Y": targets}
    with pytest.raises(ExampleError, match=f"^Y must hold .*{message}"):
        trace(table)


def test_a_file_that_is_no_text(tmp_path):
    (tmp_path / "latin.toml").write_bytes('title = "été"'.encode("latin-1"))
    (tmp_path / "folder.toml").mkdir()
    (tmp_path / "empty.toml").touch()
    with pytest.raises(ExampleError, match=r"^latin\.toml is not text in UTF-8: save it with"):
        trace(tmp_path / "latin.toml")
    with pytest.raises(
        ExampleError, match=r"folder\.toml is a folder; an example is a \.toml file"
    ):
        trace(tmp_path / "folder.toml")
    with pytest.raises(ExampleError, match=r"^title is required, and is not there"):
        trace(tmp_path / "empty.toml")
