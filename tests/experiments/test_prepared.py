"""A spec's preparation as a step of a Pipeline."""

import numpy as np
from sklearn.base import clone
from sklearn.decomposition import PCA
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

from chainrule.experiments.prepared import PreparationStep


def test_it_learns_from_the_rows_that_it_is_fitted_on():
    rng = np.random.default_rng(0)
    X, other = rng.normal(size=(40, 5)), rng.normal(2, 3, size=(10, 5))
    step = PreparationStep(("standardize", "pca:3"), dtype="float32")
    theirs = make_pipeline(StandardScaler(), PCA(3)).fit(X)
    found = clone(step).fit(X).transform(other)
    assert found.dtype == np.float32
    np.testing.assert_allclose(np.abs(found), np.abs(theirs.transform(other)), rtol=1e-4)


def test_it_has_parameters_as_scikit_learn_wants_them():
    step = PreparationStep(("unit",), (0.0, 16.0), "float64")
    assert step.get_params() == {
        "steps": ("unit",),
        "pixel_range": (0.0, 16.0),
        "dtype": "float64",
        "columns": (),
        "settings": None,
    }
    np.testing.assert_allclose(step.fit_transform(np.array([[8.0]])), [[0.5]])
