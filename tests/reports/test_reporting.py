"""Reports on folders of runs: where they are written, and that nothing is written into a run."""

import shutil

import pytest

from chainrule.errors import RunError
from chainrule.reports import report
from chainrule.reports.html import render


@pytest.fixture(autouse=True)
def here(tmp_path, monkeypatch):
    """The current folder, beside the runs."""
    path = tmp_path / "here"
    path.mkdir()
    monkeypatch.chdir(path)
    return path


def test_the_report_of_a_complete_run_is_its_own(complete, one_model, here):
    target = report(complete)
    assert target.resolve() == here / "complete-report.html"
    assert target.read_text() == render(one_model)


def test_reports_of_copies_are_the_same_and_name_no_folder(complete, stopped, tmp_path):
    pages = []
    for place in (tmp_path / "runs", tmp_path / "elsewhere"):
        if not place.exists():
            shutil.copytree(tmp_path / "runs", place)
        runs = [place / "complete", place / "stopped"]
        pages.append([report(paths, force=True).read_bytes() for paths in (*runs, runs)])
    assert pages[0] == pages[1]
    assert all(str(tmp_path).encode() not in page for page in pages[0])


def test_nothing_is_written_into_a_run(complete, stopped, tmp_path, everything):
    before = everything(tmp_path / "runs")
    report(complete)
    report(stopped)
    report([complete, stopped])
    assert everything(tmp_path / "runs") == before


@pytest.mark.parametrize("out", ["report.html", ".", "checkpoint/page.html"])
def test_a_run_s_folder_is_no_place_for_it(complete, stopped, out, everything):
    before = everything(complete)
    (stopped / "checkpoint").mkdir()
    for run in (complete, stopped):
        with pytest.raises(RunError, match="Required a place outside of runs"):
            report(complete, run / out, force=True)
    assert everything(complete) == before


def test_a_page_is_replaced_when_asked(stopped, here):
    page = here / "page.html"
    page.write_text("mine")
    with pytest.raises(RunError, match=r"page\.html is there already.* --force"):
        report(stopped, page)
    assert page.read_text() == "mine"
    report(stopped, page, force=True)
    assert "Not complete" in page.read_text()


def test_a_folder_gets_a_page_of_the_run_s_name(stopped, tmp_path):
    assert report(stopped, tmp_path).name == "stopped-report.html"


def test_a_place_that_is_not_there(stopped):
    with pytest.raises(RunError, match=r"cannot be written to nowhere/page\.html"):
        report(stopped, "nowhere/page.html")


def test_no_run_at_all(tmp_path):
    with pytest.raises(RunError, match="Required at least one folder of a run"):
        report([])
    with pytest.raises(RunError, match="Required the folder of a run"):
        report(tmp_path)


def test_one_run_named_twice_is_one(stopped):
    assert report([stopped, stopped / ".." / "stopped"]).name == "stopped-report.html"
