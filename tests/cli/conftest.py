"""A command called in this process, with a terminal of a known width."""

import pytest
from typer.testing import CliRunner

from chainrule.cli import app


@pytest.fixture
def call():
    """``call("trace", "--list")``: exit code, stdout and stderr."""

    def command(*arguments, columns=100):
        return CliRunner().invoke(app, list(map(str, arguments)), env={"COLUMNS": str(columns)})

    return command
