"""What a spec may say, and what it is told when it says anything else."""

import tomllib

import numpy as np
import pytest

from chainrule.data.splits import Part
from chainrule.errors import SpecError
from chainrule.experiments import toml
from chainrule.experiments.catalogue import recipes
from chainrule.experiments.check import check
from chainrule.experiments.fitting import fit
from chainrule.experiments.loading import load, to_table
from chainrule.experiments.runner import KINDS
from chainrule.experiments.spec import SPECS, CompareSpec


def put(table, path, value):
    *way, last = path.split(".")
    for key in way:
        table = table[int(key) if key.isdecimal() else key]
    table[last] = value


@pytest.mark.parametrize("name", recipes())
def test_every_recipe_can_be_run_and_its_resolved_spec_is_the_same_spec(name):
    spec = load(name)
    check(spec)
    assert spec.name == name
    assert spec.assumptions, "a recipe says what it assumes"
    again = load(tomllib.loads(toml.dumps(to_table(spec))))
    assert again == spec
    check(again)
    if isinstance(spec, CompareSpec):
        assert list(again.members) == list(spec.members)
        for one, other in zip(again.members.values(), spec.members.values(), strict=True):
            assert repr(one.settings) == repr(other.settings)  # in the same order


def test_a_mapping_in_front_of_other_settings_keeps_its_place(tiny, tmp_path):
    """The order names a study's models, and a resumed run reads it from the file."""
    model = tiny["models"]["ann"]
    model["over"] = {"init": [{"name": "normal", "scale": 0.1}], "prepare": [[], ["unit"]]}
    model["settings"] = {"schedule": {"name": "cosine"}, **model["settings"]}
    tiny["chosen"] = "ann.init=normal-0.1,prepare=none"
    spec = load(tiny | {"kind": "study", "printed": []})
    path = tmp_path / "spec.toml"
    path.write_text(toml.dumps(to_table(spec)))
    again = load(path)
    check(again)
    assert list(again.members) == list(spec.members)
    assert next(iter(again.models["ann"].settings)) == "schedule"


def test_every_kind_of_spec_has_someone_to_run_it():
    assert SPECS.keys() == KINDS.keys()


def test_a_spec_comes_from_a_file_a_mapping_or_a_spec(tiny, tmp_path):
    path = tmp_path / "tiny.toml"
    path.write_text(toml.dumps(tiny))
    assert load(path) == load(str(path)) == load(tiny) == load(load(tiny))


def test_overrides_reach_values_that_the_file_leaves_to_their_defaults(tiny):
    spec = load(tiny, {"models.tree.dtype": "float32", "models.ann.seeds.first": 7})
    assert spec.models["tree"].dtype == "float32"
    assert spec.models["ann"].seeds.first == 7 and spec.models["ann"].seeds.count == 3


ROWS = """
hidden_layer_sizes = [8]
activation = ["mish"]
solver = "rmsprop"
rho = 0.95
l1 = 1e-5
max_norm = 4.0
label_smoothing = 0.1
max_iter = 3
random_state = 0
init = { name = "orthogonal", gain = 1.4 }
schedule = { name = "reduce_on_plateau", patience = 0, threshold = 0.9 }
"""


def test_settings_that_are_mappings_reach_the_estimator(tiny):
    """From the file's text to a fitted network."""
    put(tiny, "models.ann.settings", tomllib.loads(ROWS))
    spec = load(tomllib.loads(toml.dumps(tiny)))
    check(spec)
    rng = np.random.default_rng(0)
    part = Part(rng.normal(size=(60, 4)), rng.integers(3, size=60))
    fitted = fit("mlp", spec.models["ann"].settings, part, part)
    assert fitted.estimator._session.optimizer == "rmsprop"
    rates = fitted.estimator.history_["learning_rate"]
    assert rates.tolist() == pytest.approx([1e-3, 1e-3, 1e-4])
    assert max(np.linalg.norm(W, axis=0).max() for W in fitted.estimator.coefs_) <= 4.0


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("tittle", "x", r"tittle: unknown key\. Did you mean 'title'\?"),
        ("models.ann.labell", "x", r"models\.ann\.labell: unknown key\. Did you mean 'label'\?"),
        ("models.ann.seeds.cout", 1, r"models\.ann\.seeds\.cout: .* Did you mean 'count'\?"),
        ("data.split.stratified", True, r"data\.split\.stratified: .* mean 'stratify'\?"),
        ("printed.0.decimal", 1, r"printed\.0\.decimal: .* mean 'decimals'\?"),
        ("folds", "5", r"folds: required a whole number.*; came '5' \(a string\)\. Correct it"),
        ("folds", 2.5, r"folds: required a whole number, such as 5; came 2\.5 \(a number\)"),
        ("folds", 1, r"folds: required input should be greater than or equal to 2; came 1"),
        ("title", 3, r"title: required a string in quotes.*; came 3 \(a whole number\)"),
        ("models.ann.prepare", "unit", r"models\.ann\.prepare: required a list.*; came 'unit'"),
        ("models.ann.grid", [1], r"models\.ann\.grid: required a table .*; came \[1\] \(a list\)"),
        ("data.split.stratify", "yes", r"data\.split\.stratify: required true or false"),
        (
            "data.split.held_out",
            1.5,
            r"data\.split: held_out must be a share .* or a count, came 1\.5",
        ),
        ("models.ann.dtype", "float16", r"models\.ann\.dtype: .*'float32' or 'float64'; came"),
        ("data.split", None, r"training needs a split: add \[data\.split\]"),
        ("kind", "comparison", r"kind: Unknown kind of experiment 'comparison'.*mean 'compare'"),
        ("kind", 3, r"kind: required one of compare, look, search, study, sweep, train; came 3"),
    ],
)
def test_a_mistake_in_the_file_is_named_with_its_place(tiny, path, value, message):
    put(tiny, path, value)
    with pytest.raises(SpecError, match=message):
        load(tiny)


def test_a_missing_key_is_named(tiny):
    del tiny["models"]["ann"]["label"]
    with pytest.raises(SpecError, match=r"models\.ann\.label: this key is required and is missing"):
        load(tiny)


@pytest.mark.parametrize(
    ("path", "value", "message"),
    [
        ("data.name", "digit", r"data\.name: Unknown data set 'digit'.*mean 'digits'"),
        ("data.split.scheme", "3-way", r"data\.split\.scheme: Unknown split '3-way'"),
        ("chosen", "an", r"chosen: Unknown model 'an'\. Did you mean 'ann'\?"),
        ("models.ann.family", "mpl", r"models\.ann\.family: .*Did you mean 'mlp'\?"),
        ("models.ann.prepare", ["unitt"], r"models\.ann\.prepare: .*Did you mean 'unit'\?"),
        (
            "models.ann.grid.batch_sizee",
            [16],
            r"models\.ann\.grid\.batch_sizee: .* no such parameter\. Did you mean 'batch_size'\?",
        ),
        (
            "models.tree.settings.max_dept",
            3,
            r"models\.tree\.settings\.max_dept: .*Did you mean 'max_depth'\?",
        ),
        ("models.tree.baseline.alpha", 1, r"models\.tree\.baseline\.alpha: a decision tree"),
        ("models.tree.grid.max_depth", [], r"required at least one value, came an empty list"),
        ("models.tree.grid.max_depth", [-1], r"tree\.grid\.max_depth: .*'max_depth'.*Got -1"),
        (
            "models.ann.settings.solver",
            "sdg",
            r"models\.ann\.settings\.solver: .*'solver'.*Got 'sdg'",
        ),
        (
            "models.ann.settings.schedule",
            {"name": "step", "foo": 1},
            r"models\.ann\.settings\.schedule: Unknown setting of the schedule 'step' 'foo'",
        ),
        (
            "models.ann.settings.init",
            {"name": "normal", "scal": 1.0},
            r"models\.ann\.settings\.init: .*'scal'.*Did you mean 'scale'\?",
        ),
        (
            "models.ann.settings.stopping",
            {"name": "PQ", "alpa": 1.0},
            r"models\.ann\.settings\.stopping: .*'alpa'.*Did you mean 'alpha'\?",
        ),
        (
            "models.ann.grid",
            {"schedule": ["cosine", {"name": "cosine", "warm": 1}]},
            r"models\.ann\.grid\.schedule: .*'warm'.*Did you mean 'warmup'\?",
        ),
        ("printed.0.model", "treee", r"printed\.0\.model: .*Did you mean 'tree'\?"),
        ("printed.0.quantity", "test acuracy", r"printed\.0\.quantity: .*mean 'test accuracy'"),
    ],
)
def test_a_name_that_does_not_exist_is_found_before_anything_is_trained(tiny, path, value, message):
    put(tiny, path, value)
    with pytest.raises(SpecError, match=message):
        check(load(tiny))


def test_settings_that_do_not_fit_each_other_are_found_too(tiny):
    tiny["models"]["ann"]["settings"] |= {"l2": 0.1, "alpha": 0.1}
    with pytest.raises(SpecError, match=r"models\.ann\.settings: l2=0\.1 replaces alpha"):
        check(load(tiny))


def test_a_mistyped_setting_within_a_searched_one_is_found(tiny):
    space = {"init": [{"name": "normal", "scal": 1.0}]}
    tiny["models"]["ann"] |= {"grid": None, "search": {"strategy": "grid", "space": space}}
    with pytest.raises(SpecError, match=r"ann\.search\.space\.init: .*Did you mean 'scale'\?"):
        check(load(tiny))


def test_seeds_for_a_model_without_chance_are_refused(tiny):
    tiny["models"]["knn"] = {"label": "k", "family": "k-nearest-neighbours", "seeds": {"count": 2}}
    with pytest.raises(SpecError, match=r"models\.knn\.seeds: .*draws nothing at random"):
        check(load(tiny))


def test_an_unknown_recipe_is_answered_with_the_nearest():
    with pytest.raises(
        SpecError, match=r"Unknown recipe 'digits-four-model'.*'digits-four-models'"
    ):
        load("digits-four-model")


def test_an_unreadable_file_is_a_clear_error(tmp_path):
    with pytest.raises(SpecError, match=r"Required a readable TOML file; .*missing\.toml is not"):
        load(tmp_path / "missing.toml")
    broken = tmp_path / "broken.toml"
    broken.write_text("name = ")
    with pytest.raises(SpecError, match=r"broken\.toml is not valid TOML"):
        load(str(broken))
