"""``backend = "torch"``: PyTorch trains the network of a spec, and JAX the same one beside it."""

import sys

import numpy as np
import pytest
from rich.console import Console

from chainrule.errors import MissingExtraError, SpecError
from chainrule.experiments import run
from chainrule.experiments.beside_jax import sentence
from chainrule.experiments.check import check
from chainrule.experiments.loading import load
from chainrule.experiments.results import Results
from chainrule.experiments.runner import resume
from chainrule.reports.html import render

QUIET = Console(quiet=True)


@pytest.fixture
def by_torch(tiny):
    """The network of the tiny comparison alone, with PyTorch for its trainings."""
    net = tiny["models"]["ann"]
    del tiny["models"]["tree"], net["grid"], tiny["printed"]
    net |= {"backend": "torch", "dtype": "float64", "seeds": {"count": 2}}
    net["settings"] |= {"batch_size": 50, "dropout": 0.1}
    return tiny


def test_the_numbers_are_jaxs_and_the_differences_are_told(by_torch, tmp_path):
    found = run(by_torch, out=tmp_path / "torch", console=QUIET)
    by_torch["models"]["ann"]["backend"] = "jax"
    plain = run(by_torch, out=tmp_path / "jax", console=QUIET)
    (ours,), (theirs,) = found.models, plain.models
    beside = ours.in_torch
    assert theirs.in_torch is None and ours.scores == beside.scores == theirs.scores
    assert ours.over_seeds == theirs.over_seeds
    np.testing.assert_allclose(ours.curves["train_loss"], theirs.curves["train_loss"], rtol=1e-12)
    assert len(beside.losses) == ours.n_iter == beside.n_iter == 6
    assert 0 <= max(beside.losses) < 1e-12 and 0 < beside.weights < 1e-10
    assert 0 < beside.outputs < 1e-10 and beside.alike == 1.0 and beside.device == "cpu"
    assert {"fit", "fit in JAX"} <= {timing.step for timing in found.clock.timings}
    assert any("trained by PyTorch" in finding for finding in found.findings)


def test_the_report_sets_them_side_by_side(by_torch, tmp_path):
    found = run(by_torch, out=tmp_path / "run", console=QUIET)
    page = (tmp_path / "run" / "report.html").read_text("utf-8")
    assert 'id="torch"' in page and "In PyTorch and in JAX" in page
    assert f"PyTorch {found.models[0].in_torch.version} (cpu)" in page
    bare = found.models[0].model_copy(update={"in_torch": None})
    assert 'id="torch"' not in render(found.model_copy(update={"models": (bare,)}))
    assert Results.model_validate_json(found.model_dump_json()) == found


def test_the_saved_network_is_the_one_of_pytorch(by_torch, tmp_path):
    """It is read back as it was trained, and differs from JAX's by what is told."""
    import chainrule

    found = run(by_torch, out=tmp_path / "run", console=QUIET)
    assert found.saved.parameters == found.models[0].n_parameters
    kept = chainrule.load(tmp_path / "run" / "model.safetensors")[-1]
    by_torch["models"]["ann"]["backend"] = "jax"
    run(by_torch, out=tmp_path / "jax", console=QUIET)
    other = chainrule.load(tmp_path / "jax" / "model.safetensors")[-1]
    parts = zip(kept.coefs_ + kept.intercepts_, other.coefs_ + other.intercepts_, strict=True)
    assert max(np.abs(a - b).max() for a, b in parts) == found.models[0].in_torch.weights


def test_a_run_that_was_stopped_goes_on_to_the_same_bits(by_torch, tmp_path, monkeypatch):
    whole = run(by_torch, out=tmp_path / "whole", console=QUIET)

    def stop(*given):
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr("chainrule.experiments.training.beside_jax", stop)
        with pytest.raises(KeyboardInterrupt):
            run(by_torch, out=tmp_path / "cut", console=QUIET)
    found = resume(tmp_path / "cut", console=QUIET)
    assert found.comparable() == whole.comparable()


def test_other_fits_of_the_model_are_pytorchs_as_well(by_torch, tmp_path, monkeypatch):
    """Seeds, the baseline and the other preparation."""
    from chainrule.engine.eager_trainer import EagerTrainer

    sizes = []
    begin = EagerTrainer.__init__

    def counted(self, *given, **settings):
        begin(self, *given, **settings)
        sizes.append(self.plan.sizes[1])

    monkeypatch.setattr(EagerTrainer, "__init__", counted)
    by_torch["models"]["ann"] |= {
        "baseline": {"hidden_layer_sizes": [3]},
        "also_prepare": [["unit"]],
    }
    run(by_torch, out=tmp_path / "run", console=QUIET)
    assert sorted(sizes) == [3, 8, 8, 8, 8]  # the baseline; the fit, two seeds, unscaled


def test_a_regression_has_no_answers_to_be_the_same(tmp_path):
    spec = {
        "name": "line",
        "kind": "train",
        "title": "A curve",
        "question": "Is it followed?",
        "source": {"key": "own", "title": "A test"},
        "data": {"name": "sine", "split": {"scheme": "three-way", "held_out": 0.4}},
        "models": {
            "net": {
                "label": "Network",
                "family": "mlp-regressor",
                "backend": "torch",
                "settings": {"hidden_layer_sizes": [4], "max_iter": 3, "random_state": 0},
            }
        },
    }
    found = run(spec, out=tmp_path / "run", console=QUIET)
    beside = found.models[0].in_torch
    assert beside.alike is None and 0 <= beside.outputs < 1e-10
    (line,) = sentence(found.models[0], "row")
    assert "both say the same" not in line


REFUSED = {
    "backend": ({"backend": "tensorflow"}, "backend"),
    "search": ({"grid": {"alpha": [0.1, 0.2]}}, "models.ann.backend: the trainings of a grid"),
    "family": ({"family": "sklearn-mlp", "dtype": "float64"}, "models.ann.backend: required a net"),
    "solver": ({"settings": {"solver": "lbfgs"}}, r"settings.solver: 'lbfgs' does not go step by"),
    "device": ({"backend": "torch:graphics"}, "cannot use the device 'graphics'"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_pytorch_cannot_train_is_refused_before_anything_is(name, by_torch):
    changes, message = REFUSED[name]
    by_torch["models"]["ann"] |= changes
    if name == "family":
        del by_torch["models"]["ann"]["settings"]["dropout"]
    with pytest.raises(SpecError, match=message):
        check(load(by_torch))


def test_without_pytorch_the_error_says_how_to_install_it(by_torch, monkeypatch):
    monkeypatch.setitem(sys.modules, "torch", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'chainrule\[torch\]'"):
        check(load(by_torch))
