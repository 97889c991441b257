"""Optuna's sampler in batches: proposals, storage, and going on after a kill."""

import math
import os
import subprocess
import sys
from pathlib import Path

import optuna
import pytest
from scipy import stats
from tests.search.strategies.driving import drive, parameters

from chainrule.errors import InvalidInputError, MissingExtraError
from chainrule.search import Float, Int, Sizes, Space
from chainrule.search.strategies import TPE
from chainrule.search.study import JOURNAL, Study

SPACE = Space(
    [
        {
            "lr": Float(1e-5, 1, log=True),
            "h": Sizes(Int(1, 2), Int(4, 64, log=True), equal=False),
            "act": ["relu", "tanh", None],
            "n": stats.randint(1, 9),
        },
        {"lr": Float(1e-3, 1), "shape": [(8, 8), (16,)]},
    ]
)
SETTINGS = {"n_candidates": 22, "batch": 4, "startup": 6, "random_state": 3}


def score(parameters):
    """Best at a rate of 0.03; above 0.3 it diverges."""
    if parameters["lr"] > 0.3:
        return math.nan
    return -((math.log10(parameters["lr"]) + 1.5) ** 2) - 0.1 * len(parameters.get("h", ()))


@pytest.fixture(scope="module")
def unbroken():
    return drive(TPE(**SETTINGS), SPACE, score)


def loaded(folder):
    backend = optuna.storages.journal.JournalFileBackend(str(folder / JOURNAL))
    storage = optuna.storages.JournalStorage(backend)
    return optuna.load_study(study_name="chainrule", storage=storage)


def test_rounds_are_batches_after_the_first(unbroken):
    assert [len(one.entries) for one in unbroken] == [6, 4, 4, 4, 4]
    assert [n for one in unbroken for n in one.numbers] == list(range(22))
    assert {budget for one in unbroken for _, budget in one.entries} == {None}


def test_what_is_proposed_is_in_the_space(unbroken):
    for each in parameters(unbroken).values():
        part = SPACE.parts["shape" in each]
        assert each.keys() == part.keys()
        assert all(0 <= part[name].unit(value) <= 1 for name, value in each.items())


def test_scores_guide_the_proposals():
    space = Space({"x": Float(0, 1), "y": Float(0, 1)})

    def near(parameters):
        return -((parameters["x"] - 0.2) ** 2) - (parameters["y"] - 0.9) ** 2

    found = parameters(drive(TPE(42, random_state=0), space, near))
    early = [-near(found[k]) for k in range(10)]
    late = [-near(found[k]) for k in range(26, 42)]
    assert sorted(late)[8] < 0.25 * sorted(early)[5]


def test_surroundings_of_the_diverged_are_avoided():
    """As failed trials, of which the sampler takes no notice, four in five would diverge here."""
    space = Space({"x": Float(0, 1)})

    def edge(parameters):
        return math.nan if parameters["x"] > 0.5 else -abs(parameters["x"] - 0.45)

    shares = []
    for seed in range(3):
        found = parameters(drive(TPE(50, random_state=seed), space, edge))
        shares.append(sum(math.isnan(edge(found[k])) for k in range(18, 50)) / 32)
    assert max(shares) < 0.45


@pytest.mark.parametrize("seed", [1, 3])
def test_the_seed_decides(seed, unbroken):
    again = drive(TPE(**(SETTINGS | {"random_state": seed})), SPACE, score)
    assert (again == unbroken) == (seed == 3)


@pytest.mark.parametrize("kind", ["journal", "object"])
def test_where_it_is_kept_does_not_count(kind, unbroken, tmp_path):
    memory = optuna.storages.InMemoryStorage()
    kept = {"run_dir": tmp_path / "run"} if kind == "journal" else {"storage": memory}
    assert drive(TPE(**SETTINGS, **kept), SPACE, score) == unbroken


def test_a_database_is_named_by_its_address(tmp_path):
    """(Small: a file of SQLite's is slow to write.)"""
    settings = {"n_candidates": 5, "batch": 2, "startup": 3, "random_state": 3}
    space = Space({"x": Float(0, 1)})
    expected = drive(TPE(**settings), space, lambda parameters: parameters["x"])
    kept = TPE(**settings, storage=f"sqlite:///{tmp_path}/search.db", study_name="mine")
    assert drive(kept, space, lambda parameters: parameters["x"], stop=2) == expected[:2]
    assert drive(kept, space, lambda parameters: parameters["x"]) == expected


def test_the_study_is_optuna_s_own(unbroken, tmp_path):
    drive(TPE(**SETTINGS, run_dir=tmp_path), SPACE, score)
    study = loaded(tmp_path)
    found = parameters(unbroken)
    assert [trial.user_attrs["candidate"] for trial in study.trials] == list(found)
    for trial in study.trials:
        value = score(found[trial.number])
        if math.isnan(value):
            assert trial.state == optuna.trial.TrialState.PRUNED
        else:
            assert trial.value == value
        assert SPACE.suggest(optuna.trial.FixedTrial(trial.params)) == found[trial.number]
    best = max(found.values(), key=lambda each: -math.inf if each["lr"] > 0.3 else score(each))
    assert SPACE.suggest(optuna.trial.FixedTrial(study.best_params)) == best


@pytest.mark.parametrize("stop", [1, 2, 4, 5])
def test_a_search_that_stopped_before_its_scores_goes_on(stop, unbroken, tmp_path):
    strategy = TPE(**SETTINGS, run_dir=tmp_path)
    assert drive(strategy, SPACE, score, stop=stop) == unbroken[:stop]
    assert drive(strategy, SPACE, score) == unbroken
    assert drive(strategy, SPACE, score) == unbroken  # and once more, when all is told


class Killed(BaseException):
    pass


def killed_at(count, function):
    """The function, until it is called for the so-manieth time."""
    left = iter(range(count))

    def called(*args, **kwargs):
        if next(left, None) is None:
            raise Killed
        return function(*args, **kwargs)

    return called


@pytest.mark.parametrize("count", [0, 7, 21, 40])
def test_a_search_that_is_killed_while_it_asks_goes_on(count, unbroken, tmp_path, monkeypatch):
    """In the middle of a candidate: some of its parameters are in the study already."""
    strategy = TPE(**SETTINGS, run_dir=tmp_path)
    with monkeypatch.context() as patch:
        suggest = killed_at(count, optuna.trial.Trial.suggest_float)
        patch.setattr(optuna.trial.Trial, "suggest_float", suggest)
        with pytest.raises(Killed):
            drive(TPE(**(SETTINGS | {"n_candidates": 60}), run_dir=tmp_path), SPACE, score)
    cut_off = [t for t in loaded(tmp_path).trials if "candidate" not in t.user_attrs]
    assert len(cut_off) == 1
    found = parameters(drive(strategy, SPACE, score))
    assert found == parameters(unbroken)
    failed = [t for t in loaded(tmp_path).trials if t.state == optuna.trial.TrialState.FAIL]
    assert [t.number for t in failed] == [t.number for t in cut_off]


@pytest.mark.parametrize("count", [1, 5, 13])
def test_a_search_that_is_killed_while_it_tells_goes_on(count, unbroken, tmp_path, monkeypatch):
    strategy = TPE(**SETTINGS, run_dir=tmp_path)
    with monkeypatch.context() as patch:
        patch.setattr(Study, "tell", killed_at(count, Study.tell))
        with pytest.raises(Killed):
            drive(strategy, SPACE, score)
    assert drive(strategy, SPACE, score) == unbroken


def test_a_line_that_a_kill_tore_is_no_harm(unbroken, tmp_path):
    strategy = TPE(**SETTINGS, run_dir=tmp_path)
    drive(strategy, SPACE, score, stop=3)
    with (tmp_path / JOURNAL).open("ab") as journal:
        journal.write(b'{"op_code": 4, "wor')
    assert drive(strategy, SPACE, score) == unbroken


def test_another_process_proposes_the_same(unbroken):
    """Whose sets and dictionaries of names have another order."""
    code = (
        "from tests.search.strategies.test_tpe import *\n"
        "print(parameters(drive(TPE(**SETTINGS), SPACE, score)))"
    )
    environment = os.environ | {"PYTHONHASHSEED": "77"}
    done = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        env=environment,
        cwd=Path(__file__).parents[3],
        check=True,
    )
    assert done.stdout.strip() == str(parameters(unbroken))


def test_without_a_seed_the_study_s_own_is_taken(unbroken, tmp_path):
    drive(TPE(**SETTINGS, run_dir=tmp_path), SPACE, score, stop=2)
    assert drive(TPE(**(SETTINGS | {"random_state": None}), run_dir=tmp_path), SPACE, score) == (
        unbroken
    )


@pytest.mark.parametrize(
    ("changed", "space", "says"),
    [
        ({"random_state": 4}, SPACE, "seed was 3, is 4"),
        ({"batch": 5}, SPACE, "batch was 4, is 5"),
        ({}, Space({"lr": Float(0, 1)}), "space was"),
    ],
)
def test_another_search_s_study_is_never_reused(changed, space, says, tmp_path):
    drive(TPE(**SETTINGS, run_dir=tmp_path), SPACE, score, stop=2)
    before = loaded(tmp_path).trials
    with pytest.raises(InvalidInputError, match=f"made with other settings .*{says}"):
        drive(TPE(**(SETTINGS | changed), run_dir=tmp_path), space, score)
    assert loaded(tmp_path).trials == before
    drive(TPE(**(SETTINGS | changed), run_dir=tmp_path, study_name="other"), space, score, stop=1)


def test_scores_that_are_not_the_study_s_are_refused(tmp_path):
    strategy = TPE(**SETTINGS, run_dir=tmp_path)
    drive(strategy, SPACE, score, stop=2)
    with pytest.raises(InvalidInputError, match=r"has the score .* for candidate 0, now came"):
        drive(strategy, SPACE, lambda parameters: 0.5)
    with pytest.raises(InvalidInputError, match="now came nan"):
        drive(strategy, SPACE, lambda parameters: math.nan)


@pytest.mark.parametrize("direction", ["maximize", "minimize"])
def test_a_study_of_somebody_else_s_is_refused(direction):
    storage = optuna.storages.InMemoryStorage()
    study = optuna.create_study(storage=storage, study_name="theirs", direction=direction)
    study.optimize(lambda trial: trial.suggest_float("lr", 0, 1), n_trials=1)
    says = "trials that are not of a search of ours" if direction == "maximize" else "it minimizes"
    with pytest.raises(InvalidInputError, match=says):
        drive(TPE(**SETTINGS, storage=storage, study_name="theirs"), SPACE, score)


def test_a_trial_that_somebody_adds_is_refused(tmp_path):
    drive(TPE(**SETTINGS, run_dir=tmp_path), SPACE, score, stop=1)
    loaded(tmp_path).add_trial(optuna.create_trial(value=0.5))
    with pytest.raises(InvalidInputError, match="trials that are not of a search of ours"):
        drive(TPE(**SETTINGS, run_dir=tmp_path), SPACE, score)


def test_a_longer_search_goes_on_with_a_shorter_one(unbroken, tmp_path):
    drive(TPE(**(SETTINGS | {"n_candidates": 14}), run_dir=tmp_path), SPACE, score)
    assert drive(TPE(**SETTINGS, run_dir=tmp_path), SPACE, score) == unbroken


def test_a_distribution_that_optuna_lacks_is_refused():
    with pytest.raises(InvalidInputError, match=r"x: Optuna has nothing like scipy\.stats\.norm"):
        drive(TPE(), Space({"x": stats.norm()}), score)


@pytest.mark.parametrize("name", ["n_candidates", "batch", "startup"])
def test_counts_are_checked(name):
    with pytest.raises(InvalidInputError, match=f"{name} must be a whole number of at least 1"):
        TPE(**{name: 0})


def test_nothing_is_printed(capfd):
    drive(TPE(**SETTINGS), SPACE, score, stop=2)
    assert capfd.readouterr() == ("", "")
    assert optuna.logging.get_verbosity() == optuna.logging.INFO


def test_without_optuna_the_error_says_how_to_install_it(monkeypatch):
    monkeypatch.setitem(sys.modules, "optuna", None)
    with pytest.raises(MissingExtraError, match=r"pip install 'chainrule\[optuna\]'"):
        drive(TPE(), SPACE, score)
