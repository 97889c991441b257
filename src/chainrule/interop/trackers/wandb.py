"""Trainings as runs of Weights & Biases, online or offline."""

from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Literal

from chainrule.estimators.base import BaseMLP
from chainrule.interop.trackers.callback import TrackerCallback
from chainrule.interop.trackers.sink import Point, Sink, missing, plain

__all__ = ["WandbCallback", "WandbSink", "package", "sinks"]

Mode = Literal["online", "offline", "disabled"]


class WandbCallback(TrackerCallback):
    """Tracks each fit as a run of Weights & Biases.

    The network's parameters become the run's config, the columns of ``history_`` its curves over
    ``epoch``, and what came of the training (``best_validation_loss``, ``n_iter`` and the like) its
    summary. A run that is active already is left alone.

    Parameters
    ----------
    project : str, optional
        The project's name.
    mode : {"online", "offline", "disabled"}, optional
        Offline writes a folder that ``wandb sync`` sends later; by default what ``WANDB_MODE``
        says.
    name : str, optional
        The runs' name; by default Weights & Biases invents one.
    run : wandb.Run, optional
        A run of one's own that all fits go into, and that stays open: for ``partial_fit``.
    log_model : bool, default=False
        Keep the model's file (``chainrule.save``) as an artifact of the type "model".
    **settings
        More for ``wandb.init``: ``dir``, ``group``, ``tags``, ``entity``, ``notes`` and the like.

    Raises
    ------
    MissingExtraError
        The package wandb is not installed.

    Notes
    -----
    The client notes the machine and the installed packages down as well; its own settings say what.

    Examples
    --------
    >>> net = MLPClassifier().set_callbacks(WandbCallback("digits", mode="offline"))
    >>> net.fit(X, y)
    """

    tracker = "Weights & Biases"

    def __init__(
        self,
        project: str | None = None,
        *,
        mode: Mode | None = None,
        name: str | None = None,
        run: Any = None,
        log_model: bool = False,
        **settings: Any,
    ) -> None:
        super().__init__(log_model)
        package()
        self.run = run
        self.settings = {"project": project, "mode": mode, "name": name, **settings}

    def open(self, est: BaseMLP) -> Sink:
        return WandbSink(self.run, **self.settings)


class WandbSink:
    """One run at Weights & Biases; ``settings`` go to ``wandb.init``."""

    def __init__(self, run: Any = None, **settings: Any) -> None:
        self._wandb = package()
        self.closes = run is None
        if run is None:
            run = self._wandb.init(**{"reinit": "create_new", **settings})
        self.run = run
        run.define_metric("*", step_metric="epoch")

    def parameters(self, values: Mapping[str, Any]) -> None:
        self.run.config.update(
            {name: plain(value) for name, value in values.items()}, allow_val_change=True
        )

    def points(self, points: Sequence[Point]) -> None:
        for point in points:
            self.run.log({"epoch": point.epoch, **point.values})

    def results(self, values: Mapping[str, float], epoch: int) -> None:
        self.run.summary.update(dict(values))

    def file(self, path: Path) -> None:
        artifact = self._wandb.Artifact(f"model-{self.run.id}", "model")
        artifact.add_file(str(path))
        self.run.log_artifact(artifact)

    def close(self, failed: bool) -> None:
        if self.closes:
            self.run.finish(exit_code=int(failed))


def sinks(name: str, folder: Path) -> Callable[[str], Sink]:
    """For the models of a run: a run each, in a project that is called ``name``."""
    package()
    return lambda key: WandbSink(project=name, group=folder.name, name=f"{folder.name}: {key}")


def package() -> Any:
    """The package, or an error that says how to install it."""
    try:
        import wandb
    except ImportError as error:
        raise missing("Weights & Biases", "wandb") from error
    return wandb
