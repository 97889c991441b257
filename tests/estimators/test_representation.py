"""How a network shows itself in a notebook."""

from html.parser import HTMLParser

import numpy as np
import pytest

from chainrule import MLPClassifier

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


class Shape(HTMLParser):
    """Collects the tags, the text and the polylines of a page."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.points: list[str] = []
        self.text = ""
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag == "polyline":
            self.points.append(dict(attrs)["points"] or "")

    def handle_data(self, data: str) -> None:
        self.text += data


def fitted(**settings: object) -> MLPClassifier:
    random = np.random.default_rng(0)
    X, y = random.normal(size=(40, 3)), random.integers(0, 4, 40)
    net = MLPClassifier((6, 5), max_iter=7, random_state=0, **settings)
    return net.fit(X, y, X_val=X, y_val=y)


def test_architecture_and_parameter_count_stand_beside_the_diagram() -> None:
    html = fitted(activation=["tanh", "relu"])._repr_html_()
    assert "sk-" in html, "scikit-learn's diagram is still there"
    text = " ".join(Shape(html).text.split())
    assert "3 layers, 83 parameters (float64), 7 epochs" in text  # 3*6+6 + 6*5+5 + 5*4+4
    assert "1 3 6 tanh 24" in text
    assert "2 6 5 relu 35" in text
    assert "3 5 4 softmax 24" in text


def test_curves_have_a_point_an_epoch_and_lie_inside() -> None:
    training, validation = Shape(fitted()._repr_html_()).points[-2:]
    for line in (training, validation):
        points = [tuple(map(float, point.split(","))) for point in line.split()]
        assert len(points) == 7
        assert all(0 <= x <= 320 and 0 <= y <= 120 for x, y in points)


def test_before_fit_there_is_only_the_diagram() -> None:
    assert "chainrule-network" not in MLPClassifier()._repr_html_()


def test_divergence_is_said() -> None:
    net = fitted(solver="sgd", learning_rate_init=1e6, on_divergence="keep", activation="identity")
    assert net.diverged_
    assert "diverged" in Shape(net._repr_html_()).text
