"""What Dagster keeps for a run is found, and deleting the run alone leaves it."""

import dagster as dg
import pytest

from orchestration.internals.dagster_run_files import delete_check_results, files_of_run
from orchestration.runs.instance import prepare_instance
from orchestration.settings import Settings


@dg.asset(check_specs=[dg.AssetCheckSpec("judged", asset="talkative")])
def talkative():  # type: ignore[no-untyped-def]  # Dagster takes an annotation for a declaration of outputs
    print("output that Dagster captures")
    return dg.MaterializeResult(check_results=[dg.AssetCheckResult(passed=True)])


def test_every_file_of_a_run_is_found(config: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAGSTER_HOME", "")
    prepare_instance(config)
    home = config.dagster_home
    with dg.DagsterInstance.get() as instance:
        run, other = (dg.materialize([talkative], instance=instance).run_id for _ in range(2))
    named_for_it = {path for path in home.rglob(f"*{run}*") if path.parent.name != "running"}
    found = set(files_of_run(home, run))
    assert found == named_for_it
    assert {path.name for path in found} >= {run, f"{run}.db"}
    with dg.DagsterInstance.get() as instance:
        instance.delete_run(run)
    assert {path.name for path in files_of_run(home, run)} >= {run, f"{run}.db"}, "Dagster deletes them; delete ours"
    assert not found & set(files_of_run(home, other))


def test_the_results_of_its_checks_are_removed(config: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DAGSTER_HOME", "")
    prepare_instance(config)
    key = dg.AssetCheckKey(dg.AssetKey("talkative"), "judged")
    with dg.DagsterInstance.get() as instance:
        run, other = (dg.materialize([talkative], instance=instance).run_id for _ in range(2))

        def kept() -> list[str]:
            return [each.run_id for each in instance.event_log_storage.get_asset_check_execution_history(key, 10)]

        instance.delete_run(run)
        assert kept() == [other, run], "Dagster deletes them; delete ours"
        delete_check_results(instance, run)
        assert kept() == [other]
