"""Who begins when: parts of a queue, cut by size, and a budget of bytes that is kept to."""

import threading
import time

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from chainrule import MLPClassifier, MLPRegressor
from chainrule.estimators import room
from chainrule.estimators.jobs import Job
from chainrule.estimators.room import Room, bytes_of_layers


@pytest.fixture(scope="module", autouse=True)
def small_parts():
    """Parts may be as small as a quarter of a budget of some bytes."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(room, "SMALLEST", 0)
        patch.setattr(room, "LISTEN", 0.01)
        yield


sizes = st.lists(st.integers(1, 40), min_size=1, max_size=12)


@given(sizes, st.integers(1, 200), st.data())
def test_parts(own, memory, data):
    """All in their order, each part beside those that wait; more than there is, for one at most."""
    under_way = dict(enumerate(own))
    numbers = st.sets(st.sampled_from(sorted(under_way)))
    before = {n: 0.3 * under_way[n] for n in data.draw(numbers)}
    after = {n: 0.3 * under_way[n] for n in data.draw(numbers)}
    found = Room(memory, under_way, before, after)
    assert [number for part in found.parts for number in part] == list(under_way)
    most = 0.0
    for at, part in enumerate(found.parts):
        waits = sum(after.get(n, 0) for earlier in found.parts[:at] for n in earlier)
        waits += sum(before.get(n, 0) for later in found.parts[at + 1 :] for n in later)
        size = sum(under_way[n] for n in part)
        most = max(most, waits + size)
        if len(part) > 1:
            assert waits + size <= memory + 1e-9
            assert size <= memory / room.PARTS or len(found.parts) == 1
    assert found.most == pytest.approx(most)


def test_all_at_once_if_there_is_room():
    assert Room(10, dict.fromkeys(range(5), 2.0), {}, {}).parts == [[0, 1, 2, 3, 4]]
    assert len(Room(9, dict.fromkeys(range(5), 2.0), {}, {}).parts) == 5


def test_parts_are_no_smaller_than_need_be(monkeypatch):
    monkeypatch.setattr(room, "SMALLEST", 6.0)
    assert Room(9, dict.fromkeys(range(5), 2.0), {}, {}).parts == [[0, 1, 2], [3, 4]]


def test_the_next_begins_when_there_is_room():
    """Not before, and without waiting for all that began earlier."""
    budget = Room(8, dict.fromkeys(range(5), 2.0), {}, {0: 1.0, 1: 1.0})
    began = []

    def begin():
        for part in budget.parts:
            budget.begin(part, lambda: True)
            began.extend(part)

    thread = threading.Thread(target=begin, daemon=True)
    thread.start()
    end = time.monotonic() + 60
    while len(began) < 4 and time.monotonic() < end:
        time.sleep(0.01)
    assert budget.held == 8
    budget.leave([0], lambda number: True)  # a state of it is kept
    thread.join(0.2)
    assert (began, budget.held) == ([0, 1, 2, 3], 7)
    budget.leave([1], lambda number: False)  # one that is at its end leaves nothing behind
    thread.join(60)
    assert not thread.is_alive()
    assert (began, budget.held) == ([0, 1, 2, 3, 4], 7)


def test_who_is_too_large_begins_when_nobody_is_busy():
    budget = Room(3, {0: 2.0, 1: 5.0}, {}, {})
    assert budget.parts == [[0], [1]]
    assert budget.most == 5
    busy = iter([True, True, False])
    budget.begin([0], lambda: True)
    budget.begin([1], lambda: next(busy))
    assert budget.held == 7


def test_an_error_ends_the_waiting():
    budget = Room(3, {0: 2.0, 1: 2.0}, {}, {})
    budget.begin([0], lambda: True)

    def fails():
        raise RuntimeError("of a training")

    with pytest.raises(RuntimeError, match="of a training"):
        budget.begin([1], fails)


@pytest.mark.parametrize(
    ("kind", "y", "outputs"),
    [
        (MLPClassifier, np.arange(300) % 100, 100),
        (MLPClassifier, np.array(["a", "b", "c"] * 100), 10),
        (MLPClassifier, np.eye(7)[np.arange(300) % 7], 7),
        (MLPClassifier, np.arange(300) + 10**9, 10),
        (MLPRegressor, np.arange(300.0), 1),
        (MLPRegressor, np.zeros((300, 4)), 4),
    ],
)
def test_bytes_of_what_is_put_out(kind, y, outputs):
    job = Job(kind(hidden_layer_sizes=(20,)), np.zeros((300, 5)), y)
    assert bytes_of_layers(job) == 8 * (6 * 20 + 21 * outputs)
