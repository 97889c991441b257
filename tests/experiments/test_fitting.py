"""What is said where a fit cannot be done."""

import pytest

from chainrule.errors import InvalidInputError, ModelFileError, RunError, SpecError
from chainrule.experiments.fitting import description, refusals


def test_a_refusal_names_what_was_to_be_trained():
    """Whatever it is called, and without an article of ours."""
    says = r"^This cannot be trained \(one of 3 networks that are trained together\): no rows$"
    with (
        pytest.raises(SpecError, match=says),
        refusals("one of 3 networks that are trained together"),
    ):
        raise InvalidInputError("no rows")
    with (
        pytest.raises(SpecError, match=r"trained \(multilayer perceptron.*'max_iter': 3.*\): n"),
        refusals(description("mlp", {"max_iter": 3})),
    ):
        raise ValueError("n")


@pytest.mark.parametrize("kind", [RunError, ModelFileError])
def test_a_damaged_file_is_no_fault_of_the_training(kind):
    with pytest.raises(kind, match=r"^training\.safetensors is damaged$"), refusals("a network"):
        raise kind("training.safetensors is damaged")
