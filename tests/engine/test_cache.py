"""Compiled programs kept on disk: found again, private, and never in the way."""

import json
import os
import stat
import subprocess
import sys
from pathlib import Path
from threading import Barrier, Thread

import jax
import numpy as np
import pytest

from chainrule.engine import cache
from chainrule.engine.cache import cache_folder, compiled, compiling

CONFIG = (
    "jax_compilation_cache_dir",
    "jax_persistent_cache_min_compile_time_secs",
    "jax_persistent_cache_min_entry_size_bytes",
    "jax_raise_persistent_cache_errors",
    "jax_enable_compilation_cache",
    "jax_enable_x64",
)
X = np.arange(4, dtype=np.float32)
HIT, MISS = "/jax/compilation_cache/cache_hits", "/jax/compilation_cache/cache_misses"


def settings():
    return {name: getattr(jax.config, name) for name in CONFIG}


def program():
    """A new function each time, but always the same program."""

    def add_and_halve(x):
        return (x + 1.25) / 2

    return jax.jit(add_and_halve)


def run():
    return np.asarray(compiling(lambda: program()(X))).tolist()


RESULT = ((X + 1.25) / 2).tolist()


@pytest.fixture
def base(tmp_path, monkeypatch):
    """What ``CHAINRULE_CACHE`` names: a folder of the user's, with a file in it."""
    folder = tmp_path / "caches"
    folder.mkdir(mode=0o755)
    (folder / "letter.txt").write_text("Dear Ada,")
    monkeypatch.setenv("CHAINRULE_CACHE", str(folder))
    return folder


@pytest.fixture
def programs(base):
    """Where our programs lie in it."""
    return base / "chainrule" / "programs"


def entries(folder):
    return sorted(path.name for path in folder.glob("*-cache"))


def mode(path):
    return stat.S_IMODE(path.stat().st_mode)


# Which folder


def test_the_folder_lies_in_the_user_s_cache(monkeypatch, tmp_path):
    monkeypatch.setenv("HOME", str(tmp_path))
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    inside = Path("chainrule", "programs")
    for unset in (None, ""):
        if unset is None:
            monkeypatch.delenv("CHAINRULE_CACHE")
        else:
            monkeypatch.setenv("CHAINRULE_CACHE", unset)
        assert cache_folder() == tmp_path / ".cache" / inside
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert cache_folder() == tmp_path / "xdg" / inside
    monkeypatch.setenv("CHAINRULE_CACHE", "~/here")
    assert cache_folder() == tmp_path / "here" / inside


@pytest.mark.parametrize("word", ["off", "OFF"])
def test_off_means_no_folder(monkeypatch, word):
    monkeypatch.setenv("CHAINRULE_CACHE", word)
    assert cache_folder() is None
    assert run() == RESULT


# What is kept


def test_a_program_is_kept_and_found_again(programs, heard):
    assert run() == RESULT
    kept = entries(programs)
    assert len(kept) == 1
    assert (heard.count(HIT), heard.count(MISS)) == (0, 1)
    assert run() == RESULT
    assert entries(programs) == kept
    assert (heard.count(HIT), heard.count(MISS)) == (1, 1)


def test_the_folder_is_its_owner_s_alone(programs):
    """It holds executable code. One that was open to others is closed."""
    run()
    assert mode(programs) == 0o700
    programs.chmod(0o777)
    run()
    assert mode(programs) == 0o700


def test_the_folder_that_the_user_names_is_left_as_it_is(base, programs):
    run()
    for path in programs.iterdir():
        path.write_bytes(b"torn")
    run()
    with pytest.raises(ZeroDivisionError):
        compiling(lambda: 1 / 0)
    assert mode(base) == 0o755
    assert (base / "letter.txt").read_text() == "Dear Ada,"


def test_what_is_compiled_outside_is_not_kept(programs):
    run()
    before = entries(programs)
    assert jax.jit(lambda x: x * 3.75)(X).tolist() == (X * 3.75).tolist()
    assert entries(programs) == before


# Torn entries


@pytest.mark.parametrize("tear", [lambda b: b"", lambda b: b[: len(b) // 2], lambda b: b"\0" * 99])
def test_a_torn_entry_is_replaced(programs, tear, heard):
    """At once, without a warning (which would be an error here); the next time it is found."""
    run()
    (entry,) = programs.glob("*-cache")
    whole = entry.read_bytes()
    entry.write_bytes(tear(whole))
    assert run() == RESULT
    (replaced,) = programs.glob("*-cache")
    assert replaced.name == entry.name
    assert replaced.stat().st_size > len(whole) // 2
    assert mode(programs) == 0o700
    hits = heard.count(HIT)
    assert run() == RESULT
    assert heard.count(HIT) == hits + 1


def test_an_error_of_the_program_s_own_is_seen(programs):
    before, calls = settings(), []

    def fail():
        calls.append(settings())
        raise ZeroDivisionError("its own")

    with pytest.raises(ZeroDivisionError, match="its own"):
        compiling(fail)
    assert calls[0]["jax_compilation_cache_dir"] == str(programs)
    assert calls[-1] == before
    assert settings() == before
    assert run() == RESULT


def test_ctrl_c_while_compiling_puts_everything_back(programs):
    before = settings()

    def interrupt():
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        compiling(interrupt)
    assert settings() == before
    assert run() == RESULT
    assert entries(programs)


# Folders that cannot be used


def test_where_a_folder_cannot_be_made_nothing_is_kept(base, monkeypatch):
    monkeypatch.setenv("CHAINRULE_CACHE", str(base / "letter.txt"))
    before = settings()
    assert run() == RESULT
    assert settings() == before
    assert (base / "letter.txt").read_text() == "Dear Ada,"


def test_where_nothing_can_be_written_nothing_is_kept(programs, monkeypatch):
    """As for a read-only file system (this user may be one who may write anywhere)."""
    programs.mkdir(parents=True)
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert run() == RESULT
    assert entries(programs) == []


def test_a_disk_that_is_full_is_no_obstacle(programs, monkeypatch):
    def full(path, data):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    before = settings()
    assert run() == RESULT
    assert settings() == before


# The user's own settings


def test_jax_s_settings_are_as_before(programs):
    before = settings()
    during = compiling(settings)
    assert settings() == before
    assert during["jax_compilation_cache_dir"] == str(programs)
    assert during["jax_persistent_cache_min_compile_time_secs"] == 0


@pytest.fixture
def own(tmp_path):
    """A cache that the user has set up for jax, which keeps whatever is compiled."""
    wanted = {CONFIG[0]: str(tmp_path / "own"), CONFIG[1]: 0.0, CONFIG[2]: -1}
    before = settings()
    for name, value in wanted.items():
        jax.config.update(name, value)
    yield tmp_path / "own"
    for name in wanted:
        jax.config.update(name, before[name])
    jax.experimental.compilation_cache.compilation_cache.reset_cache()


def test_the_user_s_own_cache_is_used_and_left_on(programs, own):
    before = settings()
    assert cache_folder() is None
    assert run() == RESULT
    assert len(entries(own)) == 1
    assert not programs.exists()
    assert settings() == before
    jax.jit(lambda x: x * 4.75)(X)
    assert len(entries(own)) == 2


def test_a_cache_that_the_user_sets_up_later_is_used(programs, tmp_path, request):
    run()
    own = request.getfixturevalue("own")
    jax.jit(lambda x: x * 5.75)(X)
    assert len(entries(own)) == 1
    assert len(entries(programs)) == 1


def test_threads_share_the_cache(programs):
    """And none takes another's setting for the user's own."""
    before, results = settings(), {}

    def work(number):
        def scaled(x):
            return x * (1.0 + number)

        results[number] = compiling(lambda: jax.jit(scaled)(X)).tolist()

    threads = [Thread(target=work, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert results == {number: (X * (1.0 + number)).tolist() for number in range(6)}
    assert len(entries(programs)) == 6
    assert settings() == before


# Whole processes

PROCESS = """
import json
import sys

import jax
import numpy as np

heard = []
jax.monitoring.register_event_listener(lambda event, **more: heard.append(event))
config = {name: getattr(jax.config, name) for name in sys.argv[1].split()}

from chainrule.engine import lbfgs, predict
from chainrule.engine.batches import Resident, Shuffler
from chainrule.engine.fit import Trainer
from chainrule.engine.plan import Hyperparameters, Plan
from chainrule.equations.network import Layer

rng = np.random.default_rng(0)
X, Y = rng.normal(size=(130, 4)), rng.normal(size=(130, 2))
layers = (Layer(rng.normal(size=(4, 2)), np.zeros(2)),)
plan = Plan((4, 2), ("identity",), "squared_error", "adam", 8, "float64")
source, shuffler = Resident(X, Y, None, "float64"), Shuffler(np.random.RandomState(0), 130)
rate = lambda clock, base: np.full_like(clock.epoch, base)
trainer = Trainer(plan, Hyperparameters.make(plan), source, shuffler, layers, rate, 0.1)
trainer.run()
budget = {"l2": 0.1, "alpha": 0, "max_iter": 3, "max_fun": 99, "tol": 0}
found = lbfgs.minimise(plan, layers, X, Y, None, **budget, callback=lambda *report: None)
predict.SMALL_WORK, predict.CHUNK_BYTES = 0, 0
A = predict.outputs(trainer.layers, plan.activations, X)

assert config == {name: getattr(jax.config, name) for name in config}
numbers = [np.asarray(part).tobytes().hex() for part in (*trainer.layers[0], found.x, A)]
hits = heard.count("/jax/compilation_cache/cache_hits")
print(json.dumps({"hits": hits, "numbers": numbers}))
"""


def process(environment):
    """Run the three kinds of programs in a process of their own, where a warning is an error."""
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", PROCESS, " ".join(CONFIG)],
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return json.loads(done.stdout)


def test_the_next_process_finds_what_the_first_has_compiled(tmp_path):
    environment = {"CHAINRULE_CACHE": str(tmp_path)}
    programs = tmp_path / "chainrule" / "programs"
    first = process(environment)
    kept = entries(programs)
    assert (first["hits"], len(kept)) == (0, 3)
    second = process(environment)
    assert second == {"hits": 3, "numbers": first["numbers"]}
    for path in programs.glob("*-cache"):
        path.write_bytes(path.read_bytes()[:100])
    torn = process(environment)
    assert torn["numbers"] == first["numbers"]
    assert entries(programs) == kept
    assert process(environment) == second
    off = process({"CHAINRULE_CACHE": "off", "HOME": str(tmp_path / "home")})
    assert off == {"hits": 0, "numbers": first["numbers"]}
    assert [path.name for path in tmp_path.iterdir()] == ["chainrule"]


def test_a_cache_named_in_the_environment_is_the_user_s_own(tmp_path):
    own = tmp_path / "own"
    found = process(
        {
            "CHAINRULE_CACHE": str(tmp_path / "ours"),
            "JAX_COMPILATION_CACHE_DIR": str(own),
            "JAX_PERSISTENT_CACHE_MIN_COMPILE_TIME_SECS": "0",
        }
    )
    assert found["hits"] == 0
    assert len(entries(own)) == 3
    assert not (tmp_path / "ours").exists()


def test_several_threads_compile_at_a_time(programs):
    """Neither waits for the other; the last to end puts the settings back."""
    before, inside, found = settings(), Barrier(2, timeout=60), []

    def compile_beside():
        def call():
            inside.wait()  # both are in here, or this breaks
            return np.asarray(program()(X)).tolist()

        found.append(compiling(call))

    threads = [Thread(target=compile_beside) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == [RESULT, RESULT]
    assert settings() == before
    assert list(programs.iterdir())


# how many there are in memory


@pytest.mark.skipif(not Path("/proc/self/maps").exists(), reason="asks Linux for its maps")
def test_programs_are_forgotten_before_they_are_too_many(base, monkeypatch):
    """And found on the disk where they are wanted again."""
    monkeypatch.setattr(cache, "_known", set())
    monkeypatch.setattr(cache, "LOOK_EVERY", 4)
    halve = jax.jit(lambda x: (x + 0.75) / 2)

    def call(size):
        return compiled(("halve", size), lambda: np.asarray(halve(np.ones(size))))

    before = cache._maps()
    for size in range(1, 4):
        call(size)
    assert len(cache._known) == 3
    taken = cache._maps() - before
    assert taken > 0
    monkeypatch.setattr(cache, "_maps_allowed", lambda: 2 * before)
    call(4)
    assert not cache._known
    assert cache._maps() < before + taken
    hits = []
    jax.monitoring.register_event_listener(lambda event, **_: hits.append(event))
    try:
        assert call(3).tolist() == [0.875] * 3
        assert hits.count(HIT) == 1 and hits.count(MISS) == 0
    finally:
        jax.monitoring.clear_event_listeners()
    assert cache._known == {("halve", 3)}


def test_nothing_is_forgotten_while_there_is_room_or_a_thread_compiles(base, monkeypatch):
    monkeypatch.setattr(cache, "_known", set())
    monkeypatch.setattr(cache, "LOOK_EVERY", 1)
    monkeypatch.setattr(cache, "_maps", lambda: 50)
    monkeypatch.setattr(cache, "_maps_allowed", lambda: 100.0)
    compiled(1, run)
    assert cache._known == {1}
    monkeypatch.setattr(cache, "_maps", lambda: 51)
    with cache._cache():
        compiled(2, run)
    assert cache._known == {1, 2}
    compiled(3, run)
    assert not cache._known
