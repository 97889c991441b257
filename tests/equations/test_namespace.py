"""The namespace that an array brings, and the refusal of anything else."""

import jax
import jax.numpy as jnp
import numpy as np
import pytest
import scipy.special
import torch

from chainrule.equations.activations import ACTIVATIONS
from chainrule.equations.namespace import astype, erfc, namespace

NOT_ARRAYS = [[1.0, 2.0], (1.0,), 1.0, None, "abc", {"a": 1}, memoryview(b"ab")]


@pytest.mark.parametrize("thing", NOT_ARRAYS, ids=lambda thing: type(thing).__name__)
@pytest.mark.parametrize("function", [namespace, erfc])
def test_anything_but_an_array_is_refused(function, thing):
    message = (
        rf"Expected a NumPy, JAX or PyTorch array, got {type(thing).__name__}\. "
        r"Convert it first, for example with numpy\.asarray\."
    )
    with pytest.raises(TypeError, match=message):
        function(thing)


def test_arrays_bring_their_library():
    assert namespace(np.ones(2)) is np
    assert namespace(np.float32(1)) is np
    assert namespace(jnp.ones(2)) is jnp
    assert namespace(torch.ones(2)).exp is torch.exp
    assert namespace(torch.nn.Parameter(torch.ones(2))).exp is torch.exp


def test_a_traced_array_brings_jax():
    seen = []
    jax.jit(lambda x: seen.append(namespace(x)) or x)(jnp.ones(2))
    jax.vmap(lambda x: seen.append(namespace(x)) or x)(jnp.ones(2))
    jax.grad(lambda x: seen.append(namespace(x)) or x)(1.0)
    assert seen == [jnp] * 3


M = np.random.default_rng(0).normal(0, 2, (4, 3))


@pytest.mark.parametrize(
    "use",
    [
        lambda xp, x: xp.maximum(x, 0),
        lambda xp, x: xp.minimum(x, 0),
        lambda xp, x: xp.maximum(x, -x),
        lambda xp, x: xp.minimum(x, -x),
        lambda xp, x: xp.sum(x),
        lambda xp, x: xp.sum(x, axis=1),
        lambda xp, x: xp.sum(x, axis=0, keepdims=True),
        lambda xp, x: xp.max(x, axis=1),
        lambda xp, x: xp.max(x, axis=1, keepdims=True),
        lambda xp, x: xp.where(x > 0, x, xp.zeros_like(x)),
    ],
)
def test_functions_mean_what_they_mean_in_numpy(use, backend):
    backend.check(use(namespace(backend.array(M)), backend.array(M)), use(np, M))


def test_erfc_is_the_complementary_error_function(backend):
    x = np.linspace(-3, 3, 12).reshape(4, 3)
    backend.check(erfc(backend.array(x)), scipy.special.erfc(x))


@pytest.mark.parametrize("precision", ["float32", "float64", "int32"])
def test_astype(precision, x64):
    assert astype(np.ones(2), getattr(np, precision)).dtype == getattr(np, precision)
    assert astype(jnp.ones(2), getattr(jnp, precision)).dtype == getattr(jnp, precision)
    assert astype(torch.ones(2), getattr(torch, precision)).dtype == getattr(torch, precision)


@pytest.mark.parametrize("name", sorted(set(ACTIVATIONS) - {"identity"}))
def test_an_activation_refuses_a_list(name):
    with pytest.raises(TypeError):
        ACTIVATIONS[name].function([[0.5, 1.0]])
