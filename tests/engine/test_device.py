"""Where and in which precision programs run."""

import subprocess
import sys

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from chainrule.engine.device import find_device, precision
from chainrule.errors import InvalidInputError


def test_auto_is_jax_s_own_choice():
    assert find_device("auto") is None


def test_the_processor_is_always_there():
    device = find_device("cpu")
    assert device is not None
    assert device.platform == "cpu"


@pytest.mark.parametrize("name", ["gpu", "tpu"])
def test_what_is_not_there_is_named_with_what_to_install(name):
    try:
        jax.devices(name)
    except RuntimeError:
        with pytest.raises(InvalidInputError) as error:
            find_device(name)
        message = str(error.value)
        assert f"device={name!r} was asked for, and jax finds cpu." in message
        assert "pip install 'chainrule[gpu]'" in message
        assert "device='auto'" in message
    else:
        assert find_device(name).platform == jax.devices(name)[0].platform


@pytest.mark.parametrize("users", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_precision_holds_within_and_is_put_back(dtype, users):
    with jax.enable_x64(users):
        with precision(dtype):
            assert jnp.asarray(np.ones(2, np.float64)).dtype == dtype
        assert jax.config.jax_enable_x64 is users
        with pytest.raises(ZeroDivisionError), precision(dtype):
            raise ZeroDivisionError
        assert jax.config.jax_enable_x64 is users


def test_products_of_float32_are_float32_throughout():
    with precision("float32"):
        assert jax.config.jax_default_matmul_precision == "float32"
    assert jax.config.jax_default_matmul_precision is None


TWO_DEVICES = """
import jax
import numpy as np

from chainrule.engine.batches import Resident
from chainrule.engine.device import find_device, precision

first, second = jax.devices()
X = np.ones((3, 2), np.float32)


def where(array):
    (device,) = array.devices()
    return device


def home(device):
    return where(Resident(X, X, None, "float32", device).data.X)


assert home(None) == first
assert home(second) == second
with jax.default_device(second):  # "auto" is jax's default device, and so the user's choice
    assert home(find_device("auto")) == second
    assert home(find_device("cpu")) == first
    with precision("float64"):
        assert where(jax.jit(lambda x: x + 1)(np.ones(2))) == second
"""


def test_the_user_s_default_device_is_respected(monkeypatch):
    monkeypatch.setenv("XLA_FLAGS", "--xla_force_host_platform_device_count=2")
    monkeypatch.setenv("JAX_PLATFORMS", "cpu")
    done = subprocess.run([sys.executable, "-W", "error", "-c", TWO_DEVICES], capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
