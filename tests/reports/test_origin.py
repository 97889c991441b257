"""What is generated comes from nowhere, and needs no licence."""

import pytest

from chainrule.data import load
from chainrule.reports.html import render
from chainrule.reports.origin import origin


@pytest.mark.parametrize("name", ["moons", "toy"])
def test_of_made_data_it_says_how_they_were_made(name, one_model):
    data = load(name)
    made = {"name": data.name, "source": data.source, "licence": data.licence}
    said = origin(one_model.data.model_copy(update=made))
    assert (
        said
        == {
            "moons": "moons, generated: n = 500, noise = 0.2, seed = 0",
            "toy": "toy, drawn: 10 * standard normal, numpy.random.RandomState(1); classes 0, 1, "
            "2, 2, 1",
        }[name]
    )


def test_published_data_have_a_source_and_a_licence(one_model):
    data = one_model.data
    assert origin(data) == f"{data.name}, from {data.source} ({data.licence})"
    assert f"<p>{data.name}, from " in render(one_model)
