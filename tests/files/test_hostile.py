"""Headers that contradict themselves or the arrays, with a right checksum: made by somebody who
knows the format. Each is refused, and says why."""

import copy
import io
import re

import numpy as np
import pytest

from chainrule.errors import ModelFileError
from chainrule.files.light import load_frozen, load_header
from chainrule.files.model_file import from_stream, save
from chainrule.files.refusal import Refused


def refused(data, match):
    with pytest.raises(Refused) as caught:
        from_stream(io.BytesIO(data), len(data))
    said = f"{caught.value} {caught.value.remedy}"
    assert re.search(match, said), said
    assert len(said) < 1000


def put(*path_and_value):
    """A change that sets ``header[path] = value``."""
    *path, last, value = path_and_value

    def change(header, _):
        for key in path:
            header = header[key]
        header[last] = value

    return change


def drop(*path):
    *path, last = path

    def change(header, _):
        for key in path:
            header = header[key]
        del header[last]

    return change


def array(name, function):
    """A change that replaces an array by a function of it, or deletes it."""

    def change(_, arrays):
        found = function(arrays.pop(name, None))
        if found is not None:
            arrays[name] = found

    return change


def poke(name, place, value):
    def set_one(found):
        found = found.copy()
        found[place] = value
        return found

    return array(name, set_one)


def both(*changes):
    def change(header, arrays):
        for each in changes:
            each(header, arrays)

    return change


M, P = "model", ("model", "params")
CHANGES = {
    "newer": (put("format_version", 5), "format version 4 or older; came 5.*A newer Chainrule"),
    "version of another type": (put("format_version", "1"), "format_version"),
    "another format": (put("format", "other"), "format to be 'chainrule-model'"),
    "unknown key": (put("extra", 1), "unknown key extra"),
    "unknown key inside": (put(M, "fitted", "classes_", 1), "unknown key"),
    "missing key": (drop(M, "network"), "model.network"),
    "another kind": (put(M, "kind", "forest"), "model.kind to be 'mlp', 'pipeline'"),
    "a class of its own": (put(M, "estimator", "os.system"), "'MLPClassifier' or 'MLPRegressor'"),
    "another class": (put(M, "estimator", "MLPRegressor"), "labels for a classifier"),
    "unknown activation": (put(M, "network", "activations", 0, "exec"), "one of elu, exp"),
    "activation not as in the parameters": (
        put(M, "network", "activations", 0, "tanh"),
        "by the parameters as well",
    ),
    "output of another loss": (put(M, "network", "activations", 2, "identity"), "as well"),
    "unknown dtype": (put(M, "network", "dtype", "float8"), "network.dtype"),
    "dtype of other arrays": (put(M, "network", "dtype", "float32"), "W1 of shape"),
    "one layer more": (put(M, "network", "sizes", [3, 4, 2, 2, 3]), "each of 4 layers"),
    "other widths": (put(M, "network", "sizes", [3, 5, 2, 3]), r"W1 of shape \(3, 5\)"),
    "a width of zero": (put(M, "network", "sizes", [3, 0, 2, 3]), "sizes.1"),
    "a huge width": (put(M, "network", "sizes", [3, 2**30, 2, 3]), "W1 of shape"),
    "too many layers": (
        both(
            put(M, "network", "sizes", [3] * 5001),
            put(M, "network", "activations", ["relu"] * 5000),
        ),
        "network.activations",
    ),
    "unknown parameter": (put(*P, "callback", None), "parameters that MLPClassifier has"),
    "parameter with another name": (put(*P, "__class__", "x"), "pattern|match"),
    "parameter of a wrong type": (put(*P, "alpha", "much"), "'alpha' parameter"),
    "unknown solver": (put(*P, "solver", "newton"), "'solver' parameter"),
    "unknown loss": (put(*P, "loss", "zero"), "'loss' parameter"),
    "NaN parameter": (put(*P, "alpha", {"float": "nan"}), "'alpha' parameter"),
    "unknown encoding": (put(*P, "alpha", {"object": "os"}), "encoding of this format"),
    "empty encoding": (put(*P, "alpha", {}), "encoding of this format"),
    "false float": (put(*P, "alpha", {"float": "1"}), "inf, -inf or nan"),
    "false pair": (put(*P, "class_weight", {"dict": [[1]]}), "a pair"),
    "false dict": (put(*P, "class_weight", {"dict": 3}), "a list"),
    "list as key": (put(*P, "class_weight", {"dict": [[[], 1]]}), "scalar keys"),
    "key twice": (put(*P, "class_weight", {"dict": [[1, 1], [1, 2]]}), "each once"),
    "a number beyond 64 bits": (put(*P, "max_iter", 2**64), "whole numbers of 64 bits"),
    "one below them": (put(*P, "alpha", {"tuple": [-(2**63) - 1]}), "whole numbers of 64 bits"),
    "false NumPy type": (put(*P, "alpha", {"numpy": ["O", 1]}), "a NumPy type"),
    "NumPy overflow": (put(*P, "alpha", {"numpy": ["int8", 300]}), "type int8"),
    "NumPy float overflow": (put(*P, "alpha", {"numpy": ["float16", 1e9]}), "type float16"),
    "fraction for NumPy": (put(*P, "alpha", {"numpy": ["int64", 1.5]}), "type int64"),
    "text in an array": (put(*P, "hidden_layer_sizes", {"array": ["int64", ["4"]]}), "type int64"),
    "activations of the wrong number": (put(*P, "activation", ["relu"]), "2 hidden layers"),
    "activation that is a number": (put(*P, "activation", [1, 2]), "activation"),
    "labels for other outputs": (put(M, "labels", "count", 4), "outputs for"),
    "labels of another kind": (put(M, "labels", "y_type", "continuous"), "y_type"),
    "labels that are sparse": (put(M, "labels", "sparse", True), "sparse labels of several"),
    "labels as binary": (put(M, "labels", "y_type", "binary"), "outputs for"),
    "labels as several": (put(M, "labels", "y_type", "multilabel-indicator"), "as well"),
    "labels as text": (put(M, "labels", "text", 0), "'classes.ends'|'classes.text'"),
    "no labels": (put(M, "labels", None), "labels for a classifier"),
    "names of features": (put(M, "feature_names", True), "feature_names"),
    "counts below zero": (put(M, "fitted", "t_", -1), "t_"),
    "history of another name": (put(M, "history", ["../x"]), "history.0"),
    "history twice": (put(M, "history", ["epoch", "epoch"]), "each column of the history once"),
    "layers of a history of one": (
        put(M, "history_by_layer", ["epoch"]),
        r"history.epoch of shape \(any, 3\)",
    ),
    "layers of what is not there": (put(M, "history_by_layer", ["x"]), "columns by layer that"),
    "history that is missing": (put(M, "history", ["epoch", "x"]), "array 'history.x'"),
    "unknown optimizer": (put(M, "training", "optimizer", "lion"), "one of adagrad"),
    "a plateau that none watches": (
        put(M, "training", "plateau", {"best": {"float": "inf"}, "bad": 0, "cooling": 0}),
        "plateau.best",
    ),
    "a plateau's count below zero": (
        put(M, "training", "plateau", {"best": 1.0, "bad": -1, "cooling": 0}),
        "plateau.bad",
    ),
    "another optimizer": (put(M, "training", "optimizer", "adam"), "the array 'state.m.W1'"),
    "position past the stream": (put(M, "training", "random", "position", 10**6), "position"),
    "position before the stream": (put(M, "training", "random", "position", -1), "position"),
    "stream without words": (
        put(M, "random_state", {"position": 1, "has_gauss": 0, "gauss": 0.0}),
        "the array 'random_state'",
    ),
    "long version": (put("made_with", "numpy", "2" * 100), "made_with.numpy"),
    "no versions": (put("made_with", {}), "made_with"),
    "NaN in weights": (poke("W2", (0, 0), np.nan), "finite numbers in W2"),
    "infinity in biases": (poke("b1", 0, np.inf), "finite numbers in b1"),
    "transposed weights": (array("W1", lambda W: np.ascontiguousarray(W.T)), r"W1 of .*\(4, 3\)"),
    "weights that are missing": (array("W3", lambda W: None), "the array 'W3'"),
    "an array too many": (array("payload", lambda _: np.zeros(3)), "'payload'"),
    "labels in another order": (array("classes", lambda c: c[::-1].copy()), "ascending order"),
    "labels twice": (poke("classes", 1, 0), "ascending order"),
    "labels that are NaN": (array("classes", lambda c: c * np.nan), "finite numbers in classes"),
    "history by layer that is not said": (
        array("history.seconds", lambda s: np.zeros((len(s), 3))),
        r"history.seconds of shape \(any\)",
    ),
    "uneven history": (array("history.epoch", lambda e: e[1:].copy()), "equally long"),
    "rows that are none": (poke("state.index", 0, 10**9), "each row once"),
    "rows twice": (array("state.index", lambda i: i[[0, 0, *range(2, 40)]]), "each row once"),
    "stream of zeros": (
        array("state.random_key", lambda k: np.zeros_like(k)),
        "a random stream in state.random_key; came zeros",
    ),
    "moments of another shape": (array("state.velocity.W1", lambda v: v[:1].copy()), "velocity"),
    "moments of another type": (array("state.velocity.b2", lambda v: v.astype("f4")), "velocity"),
}


@pytest.mark.parametrize("name", CHANGES)
def test_headers_and_arrays_that_contradict(saved, edited, name):
    change, match = CHANGES[name]
    refused(edited(saved("three"), change), match)


NAMED = "everything set"
TEXTS = {
    "ends that go back": (poke("classes.ends", 0, 12), "follow each other"),
    "ends below zero": (poke("classes.ends", 0, -1), "follow each other"),
    "ends past the text": (poke("classes.ends", 2, 10**12), "follow each other"),
    "text left over": (array("classes.text", lambda t: np.append(t, np.uint8(65))), "follow each"),
    "half a character": (poke("classes.text", -1, 0xC3), "in UTF-8"),
    "a width over the cap": (put(M, "labels", "text", 2**40), "bytes of classes"),
    "a width that is too small": (put(M, "labels", "text", 2), "at most 2 characters"),
    "a stream of zeros": (array("random_state", lambda k: np.zeros_like(k)), "random stream"),
}


@pytest.mark.parametrize("name", TEXTS)
def test_texts_and_streams(saved, edited, name):
    change, match = TEXTS[name]
    refused(edited(saved(NAMED), change), match)


FOUND = {"strategy": "random", "candidates": 3, "best_score": 0.5, "best_params": {}}
STEP = ("model", "steps", 1)  # the StandardScaler
STEPS = {
    "a step of another kind": (put(*STEP, "kind", "code"), "model.steps.1.kind to be 'sklearn'"),
    "an unknown class": (put(*STEP, "transformer", "Pickle"), "steps.1.transformer to be one of"),
    "a step that takes fewer columns": (put(*STEP, "n_in", 2), "steps that take"),
    "too few names": (put("model", "names", ["a"]), "a name for each of 7 steps"),
    "a name twice": (put("model", "names", list("aabcdef")), "a name for each of 7 steps"),
    "a name of scikit-learn's own": (put("model", "names", 0, "a__b"), "scikit-learn takes"),
    "a parameter of none": (put(*STEP, "params", "code", 1), "parameters that StandardScaler has"),
    "a parameter's value": (put(*STEP, "params", "with_std", "x"), "StandardScaler takes"),
    "a fact of none": (put(*STEP, "facts", "transform", 1), "facts that StandardScaler has"),
    "an array of none": (put(*STEP, "arrays", ["coef_"]), "arrays that StandardScaler has"),
    "an array less": (put(*STEP, "arrays", ["mean_", "var_"]), "needs and no other.*step2.scale_"),
    "by columns what is not": (put(*STEP, "by_columns", ["x"]), "in by_columns"),
    "a division by zero": (poke("step2.scale_", 0, 0.0), "division by 0 in StandardScaler"),
    "NaN in a mean": (poke("step2.mean_", 0, np.nan), "finite numbers.*StandardScaler"),
    "whole numbers": (array("step2.mean_", lambda m: m.astype(int)), "floating numbers"),
    "no variance": (poke("step6.explained_variance_", 0, 0.0), "finite numbers.*PCA"),
    "no range": (put("model", "steps", 3, "params", "feature_range", [1]), "MinMaxScaler"),
    "version 1": (put("format_version", 1), "format version 2 for what is in the file; came 1"),
    "more steps than are allowed": (put("model", "steps", [{}] * 101), "at most 100"),
    "about nobody knows what": (put("about", {"mood": 1}), "unknown key about.mood"),
    "a search's value that is none": (
        put("about", {"search": FOUND | {"best_params": {"alpha": {"code": 1}}}}),
        "the parameter 'alpha' in an encoding of this format",
    ),
    "a search without candidates": (
        put("about", {"search": FOUND | {"candidates": -1}}),
        "about.search.candidates",
    ),
    "about images before there were any": (
        put("about", {"image": {"height": 2, "width": 1, "colour": "rgb", "fit": "crop"}}),
        "Required format version 3",
    ),
    "about gaps before there were any": (
        put("about", {"missing": [""]}),
        "Required format version 4",
    ),
    "about gaps that are null, likewise": (
        put("about", {"missing": None}),
        "Required format version 4",
    ),
    "about no number": (put("about", {"metrics": {"accuracy": "high"}}), "about.metrics"),
}


@pytest.mark.parametrize("name", STEPS)
def test_pipelines_that_contradict(saved, edited, name):
    change, match = STEPS[name]
    refused(edited(saved("pipeline"), change), match)


TABLE = ("model", "steps", 0, "steps", 0)
GAPS = ("about", "missing")
TABLES = {
    "more texts for a gap than are allowed": (put(*GAPS, ["-"] * 1001), "at most 1000 items"),
    "a text for a gap that is long": (put(*GAPS, ["", "x" * 101]), "missing.1 to .*at most 100"),
    "a number for a gap": (put(*GAPS, [-99]), "about.missing.0"),
    "a gap that is no list": (put(*GAPS, "NA"), "about.missing"),
    "gaps within gaps": (put(*GAPS, [["NA"]]), "about.missing.0"),
    "a step of another kind": (put(*TABLE, "step", "code"), "steps.0.step"),
    "one column less": (put(*TABLE, "n_in", 4), "step1.1"),
    "one column more out": (put(*TABLE, "n_out", 40), "steps that take|columns"),
    "no steps": (put(*TABLE[:-1], []), "model.steps.0"),
    "a parameter of none": (put(*TABLE[:3], "params", "code", 1), "parameters that TablePrep"),
    "a bound of 0": (put(*TABLE, "bound", 0.0), "a bound above 0"),
    "a bound of NaN": (put(*TABLE, "bound", {"float": "nan"}), "a bound above 0"),
    "another type": (put(*TABLE, "dtype", "int8"), "steps.0.dtype"),
    "more levels": (put(*TABLE, "n_levels", 2**30), "step1.1.levels"),
    "a column twice": (
        poke("step1.1.names.text", slice(None), ord("a")),
        "columns of different names|strings in UTF-8",
    ),
    "an unknown kind": (poke("step1.1.kind", 0, 3), "kinds and periods that are known"),
    "an unknown period": (poke("step1.1.cycles", 0, 8), "kinds and periods that are known"),
    "a division by zero": (poke("step1.1.numbers", (0, 2), 0.0), "no division by 0"),
    "NaN as a centre": (poke("step1.1.numbers", (0, 1), np.nan), "finite numbers"),
    "levels backwards": (poke("step1.1.level_ends", 1, -1), "levels that follow each other"),
    "levels beyond": (poke("step1.1.level_ends", -1, 99), "levels that follow each other"),
    "levels of a number": (poke("step1.1.kind", 1, 0), "levels of categories alone"),
    "one output less": (poke("step1.1.kept", 0, False), "a step from 5 to"),
    "a column that is not used": (poke("step1.1.used", 0, False), "a step from 5 to"),
    "truth of numbers": (array("step1.1.used", lambda u: u.astype(np.uint8)), "step1.1.used"),
}


@pytest.mark.parametrize("name", TABLES)
def test_tables_that_contradict(saved, edited, name):
    change, match = TABLES[name]
    refused(edited(saved("table"), change), match)


SETTINGS = {
    "drop": ["age", {"dict": []}, None, [1], [None], {"array": ["int64", [1]]}],
    "kinds": [3, [], "number", {"dict": [["a", "text"]]}, {"dict": [[1, "number"]]}],
    "scaling": ["Robust", "", None, True, ["robust"], {"tuple": []}],
    "min_count": [0, -5, 2.0, True, None, "10", {"float": "inf"}, {"numpy": ["float32", 1.0]}],
    "max_levels": [0, 64.5, False, [], {"numpy": ["int8", -1]}],
    "dtype": ["float16", "", None, 32, {"tuple": ["float32"]}],
}


@pytest.mark.parametrize("name", SETTINGS)
def test_settings_of_a_table_that_cannot_be(saved, edited, tmp_path, name):
    """Neither whole, nor as arrays, nor as a header alone: nothing shows up later."""
    for value in SETTINGS[name]:
        data = edited(saved("table"), put(*TABLE[:3], "params", name, value))
        refused(data, f"parameters that TablePreparation takes.*{name}: required")
        (tmp_path / "m").write_bytes(data)
        for look in (load_frozen, load_header):
            with pytest.raises(ModelFileError, match=f"{name}: required"):
                look(tmp_path / "m")


def test_settings_of_a_table_that_can_be(saved, edited):
    """Other values, and none at all, which are the defaults."""
    right = {
        "drop": {"tuple": []},
        "kinds": None,
        "scaling": "none",
        "min_count": {"numpy": ["int64", 7]},
        "max_levels": 1,
        "dtype": "float64",
    }
    data = edited(saved("table"), put(*TABLE[:3], "params", right))
    prepare = from_stream(io.BytesIO(data), len(data))[0]
    assert (prepare.drop, prepare.kinds, prepare.scaling) == ((), None, "none")
    assert (prepare.min_count, prepare.max_levels, prepare.dtype) == (7, 1, "float64")
    data = edited(saved("table"), put(*TABLE[:3], "params", {}))
    assert from_stream(io.BytesIO(data), len(data))[0].get_params()["min_count"] == 10


def test_settings_that_were_changed_after_fitting(fitted, tmp_path):
    model = copy.deepcopy(fitted("table")[0]).set_params(tablepreparation__min_count=0)
    with pytest.raises(ModelFileError, match=r"min_count: required a whole number.*restore what"):
        save(model, tmp_path / "m")
    assert not (tmp_path / "m").exists()


@pytest.mark.parametrize("scale", [2**64, -(2**63) - 1])
def test_an_input_scale_that_no_type_has(saved, edited, tmp_path, scale):
    """It would be refused by NumPy only when the file is used."""
    data = edited(saved("three"), put(*P, "input_scale", scale))
    refused(data, "whole numbers of 64 bits in the parameter 'input_scale'")
    (tmp_path / "m").write_bytes(data)
    with pytest.raises(ModelFileError, match="whole numbers of 64 bits"):
        load_frozen(tmp_path / "m")


@pytest.mark.parametrize("scale", [0, -1.0, "x", True, {"float": "inf"}, [1]])
def test_an_input_scale_that_is_none(saved, edited, tmp_path, scale):
    """Who reads a file without its estimator has to check what the estimator would."""
    (tmp_path / "m").write_bytes(edited(saved("three"), put(*P, "input_scale", scale)))
    with pytest.raises(ModelFileError, match="a positive number for the parameter 'input_scale'"):
        load_frozen(tmp_path / "m")


def test_labels_of_several_labels(saved, edited):
    refused(edited(saved("multilabel"), poke("classes", 1, 7)), "the labels 0, 1")


def test_an_edit_that_is_valid_loads(saved, edited):
    """The helper itself makes right files: what is refused above is refused for its reason."""
    change = both(put(*P, "max_iter", 17), poke("b1", 0, 2.5))
    data = edited(saved("three"), change)
    loaded = from_stream(io.BytesIO(data), len(data))
    assert loaded.max_iter == 17
    assert loaded.intercepts_[0][0] == 2.5


def test_a_change_without_the_checksum(saved):
    data = bytearray(saved("three"))
    data[-9] ^= 1
    refused(bytes(data), "checksum")
    changed = saved("three").replace(b'max_iter\\":3', b'max_iter\\":4')
    assert changed != saved("three")
    refused(changed, "checksum")
