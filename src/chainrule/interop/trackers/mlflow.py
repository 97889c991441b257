"""Trainings as runs of MLflow: in a local database or folder, or at a server."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from time import time_ns
from typing import Any

from chainrule.estimators.base import BaseMLP
from chainrule.interop.trackers.callback import TrackerCallback
from chainrule.interop.trackers.sink import Point, Sink, missing, plain

__all__ = ["MLflowCallback", "MLflowSink", "package", "sinks"]

METRICS, PARAMETERS = 1000, 100
"""The most that MLflow takes in one request."""


class MLflowCallback(TrackerCallback):
    """Tracks each fit as a run of MLflow.

    The network's parameters become the run's, the columns of ``history_`` its metrics with the
    epoch as their step, and what came of the training (``best_validation_loss``, ``n_iter`` and the
    like) metrics without a curve. Nothing that is global in MLflow is changed: neither its
    tracking URI nor its active run.

    Parameters
    ----------
    experiment : str, default="chainrule"
        The experiment's name; it is made if it is not there.
    tracking_uri : str, optional
        Where to: ``"sqlite:///mlflow.db"``, ``"http://host:5000"``; by default what MLflow itself
        would take (``MLFLOW_TRACKING_URI``, or a local database in this folder).
    run_name : str, optional
        The runs' name; by default MLflow invents one.
    run_id : str, optional
        A run of one's own that all fits go into, and that stays open: for ``partial_fit``.
    log_model : bool, default=False
        Keep the model's file (``chainrule.save``) as the artifact ``model.safetensors``.

    Raises
    ------
    MissingExtraError
        MLflow is not installed.

    Notes
    -----
    A server that is gone when a fit begins is MLflow's own error. One that goes later is a
    `TrackingWarning`; how long MLflow tries before it gives up is up to its variables
    ``MLFLOW_HTTP_REQUEST_MAX_RETRIES`` and ``MLFLOW_HTTP_REQUEST_TIMEOUT``.

    Examples
    --------
    >>> net = MLPClassifier().set_callbacks(MLflowCallback("digits"))
    >>> net.fit(X, y)
    """

    tracker = "MLflow"

    def __init__(
        self,
        experiment: str = "chainrule",
        *,
        tracking_uri: str | None = None,
        run_name: str | None = None,
        run_id: str | None = None,
        log_model: bool = False,
    ) -> None:
        super().__init__(log_model)
        package()
        self.experiment, self.tracking_uri = experiment, tracking_uri
        self.run_name, self.run_id = run_name, run_id

    def open(self, est: BaseMLP) -> Sink:
        return MLflowSink(self.experiment, self.tracking_uri, self.run_name, self.run_id)


class MLflowSink:
    """One run at MLflow."""

    def __init__(
        self,
        experiment: str,
        tracking_uri: str | None = None,
        run_name: str | None = None,
        run_id: str | None = None,
    ) -> None:
        self._mlflow = package()
        self.client: Any = self._mlflow.MlflowClient(tracking_uri=tracking_uri)
        self.closes = run_id is None
        self.run_id = run_id or self._begun(experiment, run_name)

    def _begun(self, experiment: str, run_name: str | None) -> str:
        at = _experiment_id(self.client, experiment)
        return str(self.client.create_run(at, run_name=run_name).info.run_id)

    def parameters(self, values: Mapping[str, Any]) -> None:
        Param = self._mlflow.entities.Param
        pairs = [Param(name, str(plain(value))) for name, value in values.items()]
        for part in _parts(pairs, PARAMETERS):
            self.client.log_batch(self.run_id, params=part)

    def points(self, points: Sequence[Point]) -> None:
        Metric = self._mlflow.entities.Metric
        metrics = [
            Metric(name, value, point.time, point.epoch)
            for point in points
            for name, value in point.values.items()
        ]
        for part in _parts(metrics, METRICS):
            self.client.log_batch(self.run_id, metrics=part)

    def results(self, values: Mapping[str, float], epoch: int) -> None:
        self.points([Point(epoch, time_ns() // 1_000_000, dict(values))])

    def file(self, path: Path) -> None:
        self.client.log_artifact(self.run_id, str(path))

    def close(self, failed: bool) -> None:
        if self.closes:
            self.client.set_terminated(self.run_id, "FAILED" if failed else "FINISHED")


def sinks(name: str, folder: Path) -> Callable[[str], Sink]:
    """For the models of a run: a run each, in an experiment that is called ``name``. That MLflow
    is not there shows at once."""
    _experiment_id(package().MlflowClient(), name)
    return lambda key: MLflowSink(name, run_name=f"{folder.name}: {key}")


def _experiment_id(client: Any, name: str) -> str:
    """The experiment, made if it is not there."""
    found = client.get_experiment_by_name(name)
    return str(client.create_experiment(name) if found is None else found.experiment_id)


def _parts(items: list[Any], size: int) -> Iterator[list[Any]]:
    for at in range(0, len(items), size):
        yield items[at : at + size]


def package() -> Any:
    """The package, or an error that says how to install it."""
    try:
        import mlflow
        import mlflow.entities
    except ImportError as error:
        raise missing("MLflow", "mlflow") from error
    return mlflow
