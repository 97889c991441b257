"""The page: whole, safe, repeatable, and without what a run does not have."""

import re

import pytest

from chainrule.experiments.pictures import Pictures
from chainrule.reports import write_report
from chainrule.reports.html import render, verdict
from chainrule.reports.outline import SECTIONS, outline


@pytest.fixture(scope="module")
def html(results):
    return render(results)


@pytest.fixture(scope="module")
def page(html, page_of):
    return page_of(html)


def test_it_is_well_formed_and_its_ids_are_unique(page):
    assert {"html", "head", "title", "main", "nav", "table", "svg", "figure"} <= page.tags
    assert len(page.ids) == len(set(page.ids))


def test_it_needs_nothing_from_outside(html, page):
    assert page.links
    assert all(link.startswith(("#", "data:image/png;base64,")) for link in page.links)
    assert not re.search(r"@import|url\((?!#)|https?:", html)
    assert not page.tags & {"script", "link", "iframe", "object"}


def test_contents_lead_to_every_section(page, results):
    anchors = [section.anchor for section in outline(results)]
    # These results have all but those of sweeps, regressions, PyTorch and experiments of one's own:
    # see test_tuned, test_regression, test_beside_jax, and below.
    others = {"answers", "chosen", "curve", "nearer", "sweep", "torch"}
    assert anchors == [section.anchor for section in SECTIONS if section.anchor not in others]
    for anchor in anchors:
        assert page.links.count(f"#{anchor}") == 2  # from the contents, and its own heading
        assert anchor in page.ids


def test_choices_that_no_document_stands_behind(results, monkeypatch):
    monkeypatch.setattr("chainrule.reports.html.charts", lambda results: {})  # the words matter
    ours = tuple(each for each in results.assumptions if each.status == "ours")
    assert 0 < len(ours) < len(results.assumptions)
    own = results.model_copy(update={"assumptions": ours})
    html = render(own)
    assert "What was chosen, and why" in html and "No document" not in html
    assert all(each.note.split()[0] in html for each in ours)


def test_the_answer_comes_first(page, results):
    text = page.text
    assert text.index(results.question) < text.index(results.findings[0])
    assert text.index(results.findings[-1]) < text.index("Stated, inferred, ours")


@pytest.mark.parametrize(
    "words",
    [
        "After document A, “MLP Training & Digits Classification”",
        "0.9222 0.9022 to 0.9422 printed 0.9139 = exact 0.1234 0.0901 to 0.1702",
        "∞ probability 0 for the truth of 69 images",
        "0.9786 0.9759 to 0.9813 20 seeds shown: 0.9806 0.9606 to 1.0000 printed 0.9778 ≈ within "
        "interval",
        "Neural network against Decision tree 65 3 0.031 +0.1722 +0.0123 to +0.2000 no difference "
        "shown",
        "Neural network against Naive Bayes 24 3 0.031 +0.0583 +0.0123 to +0.2000 −0.0456 −0.0600 "
        "to +0.0100 no difference shown",
        "Neural network −0.0123 −0.0200 to +0.0004 0.0456 2.10 0.0101 0.1234 0.0987",
        "Decision tree −0.0123 −0.0200 to +0.0004 0.0456 – – ∞ –",
        "No temperature where a model has every validation row right",
        "logit 2.50 -1.25 0.00 0.00",
        "probability 0.6000 0.0200 0.0475",
        "softmax again 0.1635 0.0915 0.0931",
        "Learning rate 0.001 inferred The default of the library that it uses.",
        "Train 142 146",
        "no. 9 The over-fitting table",
        "hidden_layer_sizes = 2×96",
        'name = "digits-four-models"',
        "1ee7364",
        "scikit-learn 1.9.1",
        "31.5 s",
    ],
)
def test_it_says(page, words):
    assert words in page.text


def test_every_image_says_what_it_is(page):
    assert len(page.images) == 22
    assert all(image["alt"] for image in page.images)


def test_every_figure_has_a_text_alternative(html):
    labels = re.findall(r"<svg [^>]*>", html)
    # search, curves, mistakes, recall, gap, seeds; pictures: a layer's quantities, and seven others
    assert len(labels) == 4 + 2 + 4 + 1 + 1 + 1 + 5 + 7
    assert all(re.search(r'aria-label="[A-Z][^"]{20,}\."', label) for label in labels)


def test_equal_results_give_equal_bytes(html, results):
    assert render(results) == html


def test_only_times_depend_on_the_clock(one_model):
    clock = one_model.clock.model_copy(update={"started": "2030-01-01T00:00:00Z", "seconds": 5.0})
    html, other = render(one_model), render(one_model.model_copy(update={"clock": clock}))
    changed = [(a, b) for a, b in zip(html.splitlines(), other.splitlines(), strict=True) if a != b]
    assert 1 <= len(changed) <= 2
    assert all("61.4 s" in before for before, _ in changed)


def test_hostile_strings_are_shown_and_not_run(results, page_of):
    evil = '<script>alert("&1")</script>'
    model = results.models[0].model_copy(
        update={"label": evil, "notes": (evil,), "settings": {evil: evil}}
    )
    data = results.data.model_copy(update={"class_names": (evil,) * 10, "name": evil})
    page = page_of(
        render(
            results.model_copy(
                update={
                    "title": evil, "question": evil, "spec": evil, "findings": (evil,),
                    "models": (model,), "data": data,
                }
            )
        )
    )  # fmt: skip
    assert "script" not in page.tags
    assert page.text.count(evil) > 10


def test_sections_without_content_are_left_out(first_look, page_of):
    page = page_of(render(first_look))
    anchors = [section.anchor for section in outline(first_look)]
    assert anchors == ["data", "provenance"]
    assert set(page.ids) == set(anchors)
    for words in ("McNemar", "printed", "Printed", "hardest", "Search"):
        assert words not in page.text
    assert len(page.images) == 10


def test_a_run_with_nothing_but_scores(results, page_of):
    bare = {
        "search": None, "curves": None, "over_seeds": None, "recall": (), "confusion": (),
        "baseline": None, "variants": (), "n_parameters": None, "pictures": Pictures(),
    }  # fmt: skip
    models = tuple(model.model_copy(update=bare) for model in results.models)
    page = page_of(render(results.model_copy(update={"models": models, "comparisons": ()})))
    assert {"search", "curves", "seeds", "recall", "mistakes", "printed"}.isdisjoint(page.ids)
    assert "0.9222" in page.text


def test_a_verdict_shares_its_error_between_the_tests(results):
    test = results.tests[0].model_copy(update={"p_value": 0.02, "only_a": 9, "only_b": 1})
    assert verdict(test, str.upper, tests=1) == "ANN is better"
    assert verdict(test, str.upper, tests=3) == "no difference shown"
    turned = test.model_copy(update={"only_a": 1, "only_b": 9})
    assert verdict(turned, str.upper, tests=2) == "NB is better"


def test_the_file_is_what_was_rendered(tmp_path, one_model):
    path = write_report(one_model, tmp_path / "report.html")
    assert path.read_text(encoding="utf-8") == render(one_model)
    assert [each.name for each in tmp_path.iterdir()] == ["report.html"]
