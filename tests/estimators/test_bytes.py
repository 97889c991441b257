"""Images stay bytes: the same numbers as floats divided beforehand, without the floats."""

import numpy as np
import pytest

import chainrule
from chainrule import MLPClassifier, MLPRegressor
from chainrule.errors import InvalidInputError

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

RNG = np.random.default_rng(0)
IMAGES = RNG.integers(0, 256, (70, 12)).astype(np.uint8)
LABELS = (IMAGES[:, 0] > 120).astype(int) + (IMAGES[:, 1] > 200)
SMALL = {"hidden_layer_sizes": (5,), "max_iter": 4, "random_state": 0, "batch_size": 16}


@pytest.mark.parametrize(
    ("solver", "dtype"),
    [
        ("adam", "float32"),
        ("adam", "float64"),
        ("adam", "auto"),
        ("sgd", "float32"),
        ("lbfgs", "float64"),  # with float32, lbfgs divides in float64: its arithmetic is that
    ],
)
def test_the_bits_are_those_of_floats_divided_beforehand(solver, dtype):
    arithmetic = np.float32 if dtype == "float32" else np.float64
    X = IMAGES.astype(arithmetic) / arithmetic(255)
    settings = {**SMALL, "dtype": dtype, "solver": solver}
    by_bytes = MLPClassifier(**settings, input_scale=255).fit(
        IMAGES, LABELS, X_val=IMAGES[:20], y_val=LABELS[:20]
    )
    by_floats = MLPClassifier(**settings).fit(X, LABELS, X_val=X[:20], y_val=LABELS[:20])
    assert by_bytes.coefs_[0].dtype == arithmetic
    for mine, theirs in zip(by_bytes.coefs_, by_floats.coefs_, strict=True):
        assert mine.tobytes() == theirs.tobytes()
    assert np.array_equal(by_bytes.predict_proba(IMAGES), by_floats.predict_proba(X))
    for column in ("train_loss", "validation_loss", "validation_score"):
        assert np.array_equal(by_bytes.history_[column], by_floats.history_[column])


def test_bytes_without_a_scale_are_their_numbers():
    by_bytes = MLPRegressor(**SMALL).fit(IMAGES, LABELS)
    by_floats = MLPRegressor(**SMALL).fit(IMAGES.astype(float), LABELS)
    assert np.array_equal(by_bytes.coefs_[0], by_floats.coefs_[0])
    assert by_bytes.coefs_[0].dtype == np.float64


def test_the_rows_are_never_copied_as_floats(monkeypatch):
    seen = []
    gather = chainrule.estimators.minibatch.Resident

    def looking(X, *others):
        seen.append(X.dtype)
        return gather(X, *others)

    monkeypatch.setattr("chainrule.estimators.minibatch.Resident", looking)
    MLPClassifier(**SMALL, input_scale=255, dtype="float32").fit(IMAGES, LABELS)
    assert seen == [np.uint8]


def test_floats_can_validate_what_bytes_trained():
    net = MLPClassifier(**SMALL, input_scale=255)
    net.fit(IMAGES, LABELS, X_val=IMAGES[:9] + 0.0, y_val=LABELS[:9])
    both = MLPClassifier(**SMALL, input_scale=255).fit(
        IMAGES, LABELS, X_val=IMAGES[:9], y_val=LABELS[:9]
    )
    assert np.array_equal(net.history_["validation_loss"], both.history_["validation_loss"])


def test_it_is_kept_in_the_model_file_and_in_a_trace(tmp_path):
    net = MLPClassifier(**SMALL, input_scale=255).fit(IMAGES, LABELS)
    chainrule.save(net, tmp_path / "net.safetensors")
    loaded = chainrule.load(tmp_path / "net.safetensors")
    assert np.array_equal(loaded.predict_proba(IMAGES), net.predict_proba(IMAGES))
    trace = chainrule.trace(net, IMAGES[:2], LABELS[:2])
    np.testing.assert_allclose(trace["A2"], net.predict_proba(IMAGES[:2]), rtol=1e-12)


def test_watched_data_are_recorded_and_decide_nothing():
    plain = MLPClassifier(**SMALL).fit(IMAGES, LABELS)
    net = MLPClassifier(**SMALL).fit(
        IMAGES, LABELS, watch={"test": (IMAGES[:30], LABELS[:30]), "other": (IMAGES, LABELS)}
    )
    assert np.array_equal(net.coefs_[0], plain.coefs_[0])
    assert net.history_["test_score"][-1] == net.score(IMAGES[:30], LABELS[:30])
    assert net.history_["other_loss"].shape == (4,)
    assert np.isnan(net.history_["validation_loss"]).all()


def test_watched_columns_are_kept_in_the_model_file(tmp_path):
    net = MLPClassifier(**SMALL).fit(IMAGES, LABELS, watch={"test": (IMAGES, LABELS)})
    chainrule.save(net, tmp_path / "net.safetensors")
    loaded = chainrule.load(tmp_path / "net.safetensors")
    assert np.array_equal(loaded.history_["test_loss"], net.history_["test_loss"])


def test_going_on_without_them_leaves_gaps():
    net = MLPClassifier(**SMALL, warm_start=True)
    net.fit(IMAGES, LABELS, watch={"test": (IMAGES, LABELS)}).partial_fit(IMAGES, LABELS)
    assert np.isnan(net.history_["test_loss"]).tolist() == [False] * 4 + [True]


@pytest.mark.parametrize("name", ["validation", "train", "a b", ""])
def test_a_name_that_cannot_be_a_column_is_refused(name):
    with pytest.raises(InvalidInputError, match="must be an identifier"):
        MLPClassifier(**SMALL).fit(IMAGES, LABELS, watch={name: (IMAGES, LABELS)})
