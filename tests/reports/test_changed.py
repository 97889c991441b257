"""One line about what was changed of a recipe."""

from chainrule.reports.changed import notice
from chainrule.reports.html import render


def test_each_change_is_listed_and_without_any_nothing_is_said():
    assert notice(()) == ""
    assert notice(("a = 1", "b.c = [2]")).startswith("Changed: a = 1, b.c = [2]. Title, labels")
    assert notice(("a = 1",), quote="`").startswith("Changed: `a = 1`. ")


def test_values_are_text_on_the_page(one_model, page_of):
    changed = one_model.model_copy(update={"changed": ('title = "<b>"',)})
    page = page_of(render(changed))
    assert 'Changed: title = "<b>". Title' in page.text and "b" not in page.tags
    assert "Changed:" not in page_of(render(one_model)).text
