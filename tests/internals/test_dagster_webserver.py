"""`yacp ui` is made of what `dagster-webserver` is made of, and the guard stands in front of all of it."""

import inspect

from dagster._cli.workspace.cli_target import workspace_opts_to_load_target
from dagster._core.workspace.context import WorkspaceProcessContext
from dagster._core.workspace.load_target import ModuleTarget
from dagster_shared.cli import WorkspaceOpts
from dagster_webserver import cli
from dagster_webserver.app import create_app_from_workspace_process_context

from orchestration.runs.instance import MODULE


def test_the_names_are_there() -> None:
    assert {"instance", "version", "workspace_load_target"} <= set(
        inspect.signature(WorkspaceProcessContext.__init__).parameters
    )
    [first, *_] = inspect.signature(create_app_from_workspace_process_context).parameters
    assert first == "workspace_process_context"
    target = workspace_opts_to_load_target(WorkspaceOpts(module_name=(MODULE,)))
    assert isinstance(target, ModuleTarget)
    assert target.module_name == MODULE


def test_dagsters_own_command_still_offers_nothing_to_stand_in_front() -> None:
    source = inspect.getsource(cli.host_dagster_ui_with_workspace_process_context)
    assert "middleware" not in source, "Dagster may have a way of its own now; look whether ours can go"
