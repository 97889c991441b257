"""PyTorch's modules as estimators: what is read, what it predicts, and what is refused."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from tests.interop.networks import N_IN, TASKS, X, made, targets
from torch import nn

import chainrule
from chainrule import MLPClassifier, MLPRegressor
from chainrule.equations.activations import HIDDEN_ACTIVATIONS
from chainrule.errors import InvalidInputError
from chainrule.interop.torch import from_module, to_module

MEANING = {"multilabel": "multilabel", "regression": "regression", "outputs": "regression"}


def run(module, rows=X):
    with torch.no_grad():
        return module.eval()(torch.as_tensor(rows)).numpy()


def net(*end, n_out=3, bias=True):
    """5-6-n_out with a tanh, in float64, and whatever comes after."""
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Linear(N_IN, 6, bias=bias), nn.Tanh(), nn.Linear(6, n_out, bias=bias), *end
    ).double()


@given(
    st.sampled_from(TASKS),
    st.lists(st.tuples(st.integers(1, 5), st.sampled_from(HIDDEN_ACTIVATIONS)), max_size=3),
    st.integers(0, 255),
    st.sampled_from(["float32", "float64"]),
    st.sampled_from(["logits", None]),
)
def test_there_and_back_is_exact(task, hidden, dropped, dtype, output):
    """Weights, activations, dropout, labels and predictions of any network; from its logits, and
    from its values where they are what a regressor gives."""
    sizes, names = tuple(n for n, _ in hidden), tuple(name for _, name in hidden)
    est = made(
        task,
        dtype,
        hidden_layer_sizes=sizes,
        activation=names or "relu",
        dropout=dropped / 256,
        input_scale=2.0 if dropped % 2 else None,
    )
    labels = est.classes_ if hasattr(est, "classes_") and task != "multilabel" else None
    back = from_module(to_module(est, output=output), classes=labels, task=MEANING.get(task))
    assert type(back) is type(est)
    for name in ("coefs_", "intercepts_"):
        for a, b in zip(getattr(est, name), getattr(back, name), strict=True):
            assert a.dtype == b.dtype and np.array_equal(a, b)
    assert back._activations() == est._activations()
    assert back.input_scale == est.input_scale and back.loss == est.loss
    rows = X.astype(dtype)
    assert np.array_equal(back.predict(rows), est.predict(rows))
    if hidden:
        assert back.dropout == dropped / 256


@pytest.mark.parametrize("end", [(), (nn.Softmax(dim=1),), (nn.LogSoftmax(dim=-1),)])
def test_several_classes(end):
    module = net(*end)
    est = from_module(module, classes=["a", "b", "c"])
    assert isinstance(est, MLPClassifier) and est.out_activation_ == "softmax"
    expected = torch.softmax(torch.tensor(run(net())), dim=1).numpy()
    np.testing.assert_allclose(est.predict_proba(X), expected, rtol=1e-12)
    assert est.predict(X).tolist() == [["a", "b", "c"][k] for k in run(module).argmax(axis=1)]


@given(st.permutations(["ant", "bee", "cat", "dog"]))
def test_classes_in_any_order_are_those_of_the_outputs(classes):
    module = net(n_out=4)
    est = from_module(module, classes=classes)
    assert est.classes_.tolist() == sorted(classes)
    assert est.predict(X).tolist() == [classes[k] for k in run(module).argmax(axis=1)]


@pytest.mark.parametrize("classes", [("no", "yes"), ("yes", "no")])
@pytest.mark.parametrize("end", [(), (nn.Sigmoid(),)])
def test_two_classes_with_one_output(end, classes):
    est = from_module(net(*end, n_out=1), classes=classes)
    expected = 1 / (1 + np.exp(-run(net(n_out=1))[:, 0]))
    second = est.predict_proba(X)[:, est.classes_.tolist().index(classes[1])]
    np.testing.assert_allclose(second, expected, rtol=1e-12)
    assert est.predict(X).tolist() == [classes[int(p > 0.5)] for p in expected]


@pytest.mark.parametrize("classes", [(0, 1), (1, 0)])
@pytest.mark.parametrize("end", [(), (nn.Softmax(dim=1),)])
def test_two_logits_become_one(end, classes):
    """The softmax of two is the sigmoid of their difference."""
    est = from_module(net(*end, n_out=2), classes=classes)
    assert est.coefs_[-1].shape == (6, 1) and est.out_activation_ == "logistic"
    expected = torch.softmax(torch.tensor(run(net(n_out=2))), dim=1).numpy()
    np.testing.assert_allclose(est.predict_proba(X)[:, list(classes)], expected, rtol=1e-12)


def test_a_sigmoid_for_each_of_several_classes_or_labels():
    module = net(nn.Sigmoid())
    labels, one = from_module(module), from_module(module, task="classification")
    assert (labels.predict(X) == (run(module) > 0.5)).all()
    assert one.loss == "binary_cross_entropy"
    assert (one.predict(X) == run(module).argmax(axis=1)).all()


def test_values_and_the_exponential_of_a_poisson_regression():
    est = from_module(net(n_out=2), task="regression")
    assert isinstance(est, MLPRegressor)
    np.testing.assert_allclose(est.predict(X), run(net(n_out=2)), rtol=1e-12)
    counts = to_module(made("regression", loss="poisson"))
    assert from_module(counts).loss == "poisson"


def test_what_stands_around_layers_in_pytorch():
    """Nested sequences, a Flatten before, identities, dropout, no biases, a lone Linear."""
    inner = nn.Sequential(nn.Linear(N_IN, 6, bias=False), nn.ReLU(), nn.Dropout(0.25))
    module = nn.Sequential(
        nn.Flatten(), nn.Identity(), inner, nn.Linear(6, 4), nn.Identity(), nn.Linear(4, 3)
    ).double()
    est = from_module(module, task="classification")
    assert est.hidden_layer_sizes == (6, 4) and list(est.activation) == ["relu", "identity"]
    assert list(est.dropout) == [0.25, 0.0] and not est.intercepts_[0].any()
    assert (est.predict(X) == run(module).argmax(axis=1)).all()
    alone = from_module(nn.Linear(N_IN, 1).double(), task="regression")
    assert alone.hidden_layer_sizes == () and alone.predict(X).shape == (40,)


def test_the_module_goes_on_by_itself():
    module = net()
    est = from_module(module, task="classification")
    before = est.predict_proba(X)
    with torch.no_grad():
        module[0].weight.zero_()
    assert np.array_equal(est.predict_proba(X), before)


@pytest.mark.parametrize("task", TASKS)
def test_it_is_saved_evaluated_and_trained_further(task, tmp_path):
    y = targets(task)
    labels = np.unique(y) if task in ("binary", "multiclass") else None
    est = from_module(
        to_module(made(task, activation="tanh")),
        classes=labels,
        task=MEANING.get(task),
        learning_rate_init=0.05,
        batch_size=40,
    )
    chainrule.save(est, tmp_path / "net.safetensors")
    again = chainrule.load(tmp_path / "net.safetensors")
    assert np.array_equal(again.predict(X), est.predict(X))
    assert again.score(X, y) == est.score(X, y)
    for _ in range(12):
        est.partial_fit(X, y)
    assert est.loss_curve_[-1] < est.loss_curve_[0] and len(est.history_["epoch"]) == 12


@pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")
def test_fit_with_warm_start_goes_on_from_its_weights():
    """The first epoch's loss is that of the weights that were read."""
    est = from_module(net(), task="classification", max_iter=1, batch_size=40, alpha=0.0)
    y, P = np.arange(40) % 3, est.predict_proba(X)
    expected = -np.log(P[np.arange(40), y]).mean()
    est.set_params(warm_start=True).fit(X, y)
    assert est.loss_curve_[0] == pytest.approx(expected, rel=1e-12)


class Own(nn.Module):
    def forward(self, rows):
        return rows


LINEAR = (nn.Linear(5, 4), nn.Linear(4, 3))
REFUSED = {
    "Conv1d": ([nn.Conv1d(1, 1, 3)], "'0' is Conv1d.*before the first Linear"),
    "BatchNorm1d": ([LINEAR[0], nn.BatchNorm1d(4), LINEAR[1]], "fuse_linear_bn_eval"),
    "own module": ([LINEAR[0], Own(), LINEAR[1]], r"'1' is Own\(\).*no activation of ours"),
    "slope": ([LINEAR[0], nn.LeakyReLU(0.2), LINEAR[1]], "ours has negative_slope=0.01"),
    "alpha": ([LINEAR[0], nn.ELU(0.5), LINEAR[1]], "ours has alpha=1"),
    "tanh of gelu": ([LINEAR[0], nn.GELU(approximate="tanh"), LINEAR[1]], "approximate='none'"),
    "beta": ([LINEAR[0], nn.Softplus(beta=2), LINEAR[1]], "ours has beta=1"),
    "PReLU": ([LINEAR[0], nn.PReLU(), LINEAR[1]], "learnt slopes"),
    "softmax within": ([LINEAR[0], nn.Softmax(dim=1), LINEAR[1]], "softmax between two layers"),
    "softmax of rows": ([LINEAR[0], nn.Softmax(dim=0)], "ours has dim=1"),
    "two activations": ([LINEAR[0], nn.ReLU(), nn.Tanh(), LINEAR[1]], "has its activation"),
    "dropout before": ([LINEAR[0], nn.Dropout(), nn.ReLU(), LINEAR[1]], "has its activation, or"),
    "dropout twice": ([LINEAR[0], nn.Dropout(), nn.Dropout(), LINEAR[1]], "one already"),
    "dropout of all": ([LINEAR[0], nn.Dropout(1.0), LINEAR[1]], r"in \[0, 1\)"),
    "dropout of rows": ([nn.Dropout(), LINEAR[0]], "before the first Linear"),
    "dropout at the end": ([LINEAR[0], nn.Dropout()], "Dropout after the last layer"),
    "widths": ([nn.Linear(5, 4), nn.Linear(3, 2)], "layer before gives 4 values"),
    "half precision": ([nn.Linear(5, 3).half()], r"torch.float16. Use module.float\(\)"),
    "mixed": ([nn.Linear(5, 4), nn.Linear(4, 3).double()], "type of numbers"),
    "empty": ([], "without any nn.Linear"),
    "dot product": ([nn.MultiheadAttention(4, 1)], "MultiheadAttention"),
}


@pytest.mark.parametrize("name", REFUSED)
def test_what_is_no_multilayer_perceptron_is_refused(name):
    parts, message = REFUSED[name]
    with pytest.raises(InvalidInputError, match=message):
        from_module(nn.Sequential(*parts), task="classification")


def test_a_forward_of_its_own_is_refused():
    with pytest.raises(InvalidInputError, match="came Own, whose forward may do anything"):
        from_module(Own())


def test_hooks_are_refused():
    module = net()
    module[0].register_forward_hook(lambda module, given, found: 2 * found)
    with pytest.raises(InvalidInputError, match="'0' has hooks"):
        from_module(module, task="classification")


def test_preparation_is_the_callers():
    from sklearn.pipeline import Pipeline
    from sklearn.preprocessing import StandardScaler

    model = Pipeline([("scale", StandardScaler().fit(X)), ("net", made())])
    module = to_module(model)
    with pytest.raises(InvalidInputError, match=r"'prepare.step1' is AffineStep.*Prepare the rows"):
        from_module(module, classes=[3, 5, 7])
    assert np.array_equal(from_module(module[1:], classes=[3, 5, 7]).coefs_[0], made().coefs_[0])


WRONG = {
    "unknown task": (net(), {"task": "regresion"}, "Did you mean 'regression'"),
    "no task": (net(), {}, "may be logits or values"),
    "too few classes": (net(), {"classes": [1, 2]}, "Required 3 different classes"),
    "a class twice": (net(), {"classes": [1, 2, 2]}, "Required 3 different classes"),
    "classes of values": (net(), {"classes": [1, 2, 3], "task": "regression"}, "give one of them"),
    "softmax of values": (net(nn.Softmax(1)), {"task": "regression"}, "ends with softmax"),
    "relu at the end": (net(nn.ReLU()), {"task": "classification"}, "ends with relu"),
    "softmax of one": (net(nn.Softmax(1), n_out=1), {}, "ends with softmax"),
    "two sigmoids": (net(nn.Sigmoid(), n_out=2), {"task": "classification"}, "a sigmoid each"),
    "one label": (net(n_out=1), {"task": "multilabel"}, "an output for each"),
    "softmax of labels": (net(nn.Softmax(1)), {"task": "multilabel"}, "ends with softmax"),
    "named labels": (net(), {"task": "multilabel", "classes": "abc"}, "leave classes out"),
}


@pytest.mark.parametrize("name", WRONG)
def test_outputs_that_do_not_fit_are_refused(name):
    module, given_, message = WRONG[name]
    with pytest.raises(InvalidInputError, match=message):
        from_module(module, **given_)
