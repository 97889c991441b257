"""A block of trainings, range by range: what each decides after one, and where all stand."""

from collections.abc import Mapping, Sequence

import scipy.sparse

from chainrule.engine.member import Member
from chainrule.engine.population import Block
from chainrule.estimators.checkpoints import Snapshot, take
from chainrule.estimators.history import Row
from chainrule.estimators.jobs import Standing, Training

__all__ = ["advance", "epochs_done", "let_pause", "stand_in", "standing_of"]


OUTPUTS_BYTES = 2**26
"""What the outputs of a block's members for measured rows take at most. Of more, each member's are
computed by themselves."""


def advance(block: Block, live: Sequence[Training]) -> None:
    """One range of the block, and what the trainings decide after it."""
    for training in live:
        training.loop.begin_range()
    epochs = min(training.loop.wanted for training in live)
    budgets = [one.loop.steps for one in live if one.loop.steps is not None]
    records = block.run(epochs, min(budgets, default=None))
    ended = [training for training in live if records[training.member]]
    known = _measured(block, ended)
    finite = {training.member: training.member.finite for training in ended}
    for one in live:  # of a network that several share, the first may turn back at its last epoch
        member = one.member
        one.loop.end_range(list(records[member]), known.get(one.number), finite.get(member, True))


def let_pause(trainings: Sequence[Training]) -> None:
    """Take those out of the block that have had their epochs for now: the others go on."""
    for one in trainings:
        if one.member.block is None or one.loop.going or one.loop.ended:
            continue
        if any(other.member is one.member and other.loop.going for other in trainings):
            one.set_apart()
        else:
            one.member.leave()


def stand_in(member: Member, at: Member | None) -> Member:
    """Another network of the same shape and settings, where the others of the group are."""
    found = member.apart()
    if at is not None:
        found.stand_beside(at)
    return found


def epochs_done(item: tuple[int, Snapshot]) -> int:
    return len(item[1].facts["books"]["rows"])


def standing_of(
    name: str, block: Block, numbers: Mapping[Member, int], here: Sequence[Training]
) -> Standing:
    """The block as it is between two ranges."""
    layout = tuple(tuple(numbers[member] for member in group if member) for group in block.groups)
    return Standing(name, layout, {one.number: take(one.loop) for one in here if not one.done})


def _measured(block: Block, ended: Sequence[Training]) -> dict[int, Row]:
    """What is measured at the end of an epoch, of all members at once where they are measured on
    the same rows."""
    problems = [training.loop.problem for training in ended]
    if not problems or any(one.examination for one in problems):
        return {}
    named = problems[0].measured
    for problem in problems:
        if {name: id(rows.X) for name, rows in problem.measured.items()} != {
            name: id(rows.X) for name, rows in named.items()
        }:
            return {}
    found: dict[int, Row] = {training.number: {} for training in ended} if named else {}
    for name, rows in named.items():
        if scipy.sparse.issparse(rows.X) or block.outputs_bytes(len(rows.X)) > OUTPUTS_BYTES:
            return {}
        Z, A = block.outputs(rows.X)
        for training in ended:
            problem, place = training.loop.problem, training.member.place
            loss, score = problem.judge.of_outputs(Z[place], A[place], problem.measured[name])
            found[training.number] |= {f"{name}_loss": loss, f"{name}_score": score}
    return found
