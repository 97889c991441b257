"""Files that were written by each version of the format: they open, and predict what they did."""

import json
from pathlib import Path

import numpy as np
import pytest

import chainrule
from chainrule.files.header import FORMAT_VERSION
from chainrule.files.light import load_frozen

GOLDEN = sorted((Path(__file__).parent / "golden").glob("*.safetensors"))


def test_there_are_files_of_every_version():
    assert {int(path.name[1]) for path in GOLDEN} == set(range(1, FORMAT_VERSION + 1))


@pytest.mark.filterwarnings("ignore:X does not have valid feature names")
@pytest.mark.parametrize("path", GOLDEN, ids=lambda path: path.stem)
def test_an_old_file_opens(path):
    kept = np.load(path.with_suffix(".npz"))
    near = {"rtol": 1e-5, "atol": 1e-6} if kept["said"].dtype == np.float32 else {"rtol": 1e-9}
    est = chainrule.load(path)
    say = getattr(est, "predict_proba", None) or est.predict
    np.testing.assert_allclose(say(kept["X"]), kept["said"], **near)
    frozen, header = load_frozen(path)
    light = frozen.outputs(kept["X"])
    if frozen.task != "regression":
        light = frozen.probabilities(light)
    np.testing.assert_allclose(light.reshape(kept["said"].shape), kept["said"], **near)
    raw = path.read_bytes()
    length = int.from_bytes(raw[:8], "little")
    written = json.loads(json.loads(raw[8 : 8 + length])["__metadata__"]["chainrule"])
    assert frozen.missing == (("", "-99", "keine Angabe ☂") if path.stem == "v4-gaps" else None)
    assert written["format_version"] == header.format_version == int(path.name[1])
