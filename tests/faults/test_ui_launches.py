"""Whatever the Dagster UI offers works: launched with the requests that the UI sends, and once in the browser.

One home with three delivered days, in the order in which somebody would try things.
"""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
from chromium import CHROMIUM, QUIET
from conftest import DAY, yacp
from dagster_ui import served_ui
from playwright.sync_api import expect, sync_playwright

from orchestration.settings import Settings
from orchestration.state.releases import current

DAYS = [DAY - timedelta(days) for days in (2, 1, 0)]
PLACE = {"repositoryLocationName": "orchestration.definitions", "repositoryName": "__repository__"}
LAUNCHED = "... on LaunchRunSuccess { run { id } } ... on Error { message }"

ASSETS = """{ assetNodes { assetKey { path } isMaterializable partitionKeys
  assetChecksOrError { ... on AssetChecks { checks { name canExecuteIndividually } } } } }"""
LAUNCH = f"mutation($given: ExecutionParams!) {{ launchPipelineExecution(executionParams: $given) {{ {LAUNCHED} }} }}"
AGAIN = (
    f"mutation($given: ReexecutionParams) {{ launchPipelineReexecution(reexecutionParams: $given) {{ {LAUNCHED} }} }}"
)
TERMINATE = "mutation($id: String!) { terminateRun(runId: $id) { __typename } }"
STATUS = """query($id: ID!) { runOrError(runId: $id) { ... on Run { status
  eventConnection { events {
    __typename ... on ExecutionStepFailureEvent { failureMetadata { description } } } } } } }"""
BACKFILLS = """{ partitionBackfillsOrError { ... on PartitionBackfills { results {
  status partitionNames runs(limit: 10) { status } } } } }"""
CHECKED = """{ assetCheckExecutions(assetKey: {path: ["sections", "dashboard"]}, limit: 20,
  checkName: "grain_dashboard_scope_type__scope_id__section_key__line_key") {
    status partition evaluation { partition } } }"""
MISSING = """{ assetNodeOrError(assetKey: {path: ["published", "dashboard"]}) { ... on AssetNode {
  partitionKeys partitionStats { numMaterialized numPartitions } } } }"""


class Ui:
    """The running UI: asks as the page does."""

    def __init__(self, address: str, home: Path) -> None:
        self.address = address
        self.home = home
        self.assets = [asset for asset in self.ask(ASSETS)["assetNodes"] if asset["isMaterializable"]]

    def ask(self, query: str, **variables: object) -> dict[str, Any]:
        sent = {"query": query, "variables": variables}
        answer = httpx.post(f"{self.address}/graphql", json=sent, timeout=60).json()
        assert "errors" not in answer, answer
        data: dict[str, Any] = answer["data"]
        return data

    def parameters(self, day: object, wanted: Callable[[list[str]], bool] = bool) -> dict[str, Any]:
        """Materialize these assets of a day, with all their checks, as the button does."""
        chosen = [asset for asset in self.assets if wanted(asset["assetKey"]["path"])]
        checks = [
            {"assetKey": asset["assetKey"], "name": check["name"]}
            for asset in chosen
            for check in asset["assetChecksOrError"].get("checks", ())
            if check["canExecuteIndividually"] == "CAN_EXECUTE" or wanted is bool
        ]
        assets = {"assetSelection": [asset["assetKey"] for asset in chosen], "assetCheckSelection": checks}
        return self.execution({**PLACE, "pipelineName": "__ASSET_JOB", **assets}, {"dagster/partition": str(day)})

    @staticmethod
    def execution(selector: dict[str, Any], tags: dict[str, str]) -> dict[str, Any]:
        listed = [{"key": key, "value": value} for key, value in {**tags, "dagster/from_ui": "true"}.items()]
        return {"mode": "default", "executionMetadata": {"tags": listed}, "runConfigData": "{}", "selector": selector}

    def launch(self, parameters: dict[str, Any]) -> str:
        launched = self.ask(LAUNCH, given=parameters)["launchPipelineExecution"]
        assert "run" in launched, launched
        return str(launched["run"]["id"])

    def end_of(self, run: str) -> tuple[str, list[str]]:
        """The run's status, and the sentences of the steps that failed."""
        found = wait_for(lambda: self.run(run), lambda run: run["status"] in ("SUCCESS", "FAILURE", "CANCELED"))
        events = found["eventConnection"]["events"]
        failures = [
            event.get("failureMetadata") for event in events if event["__typename"].endswith("StepFailureEvent")
        ]
        return found["status"], [failure["description"] for failure in failures if failure]

    def run(self, run: str) -> dict[str, Any]:
        found: dict[str, Any] = self.ask(STATUS, id=run)["runOrError"]
        return found

    def days(self) -> list[str]:
        release = current(Settings(home=self.home))
        return [str(day) for day in release.days] if release else []


def wait_for(look: Callable[[], Any], is_there: Callable[[Any], object]) -> Any:
    for _ in range(600):
        if is_there(found := look()):
            return found
        time.sleep(0.5)
    raise AssertionError(f"not after five minutes; the last look: {found}")


@pytest.fixture(scope="module")
def ui(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Ui]:
    home = tmp_path_factory.mktemp("launches") / "home"
    assert yacp(home, "generate", "--customers", "60", "--as-of", str(DAY), "--days", "3").returncode == 0
    with served_ui("dev", home) as (address, _):
        yield Ui(address, home)


def test_materialize_all_of_one_day_in_the_browser(ui: Ui) -> None:
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=QUIET)
        page = browser.new_page(viewport={"width": 1500, "height": 1000})
        page.goto(f"{ui.address}/asset-groups/~")
        page.get_by_text("Materialize all").first.click(timeout=60_000)
        dialog = page.get_by_role("dialog")
        chosen = dialog.get_by_role("textbox").first
        chosen.fill(str(DAYS[0]))
        chosen.press("Enter")
        with page.expect_response(lambda answer: "LaunchPipelineExecution" in (answer.request.post_data or "")) as sent:
            dialog.get_by_role("button", name="Launch").click()
        run = sent.value.json()["data"]["launchPipelineExecution"]["run"]["id"]
        assert ui.end_of(run) == ("SUCCESS", [])
        page.goto(f"{ui.address}/runs/{run}")
        expect(page.get_by_text("Success").first).to_be_visible(timeout=60_000)
        browser.close()
    assert ui.days() == [str(DAYS[0])]


def test_only_days_from_the_first_delivery_on_are_offered(ui: Ui) -> None:
    found = ui.ask(MISSING)["assetNodeOrError"]
    assert found["partitionKeys"][0] == str(DAYS[0])
    assert found["partitionStats"]["numMaterialized"] == 1


def test_a_backfill_over_the_days_that_are_missing(ui: Ui) -> None:
    given = {
        "assetSelection": [asset["assetKey"] for asset in ui.assets],
        "partitionNames": [str(day) for day in DAYS[1:]],
        "tags": [{"key": "dagster/from_ui", "value": "true"}],
    }
    launched = ui.ask(
        "mutation($given: LaunchBackfillParams!) { launchPartitionBackfill(backfillParams: $given)"
        " { ... on LaunchBackfillSuccess { backfillId } ... on Error { message } } }",
        given=given,
    )["launchPartitionBackfill"]
    assert "backfillId" in launched, launched

    def backfill() -> dict[str, Any]:
        [found] = ui.ask(BACKFILLS)["partitionBackfillsOrError"]["results"]
        return dict(found)

    ended = wait_for(backfill, lambda found: found["status"] not in ("REQUESTED", "CANCELING"))
    assert ended["status"] == "COMPLETED_SUCCESS", ended
    assert {run["status"] for run in ended["runs"]} == {"SUCCESS"}
    assert ui.days() == [str(day) for day in DAYS]
    checked = ui.ask(CHECKED)["assetCheckExecutions"]
    assert sorted((each["partition"], each["status"], each["evaluation"]["partition"]) for each in checked) == [
        (str(day), "SUCCEEDED", str(day)) for day in DAYS
    ]


def test_the_rules_alone(ui: Ui) -> None:
    selector: dict[str, Any] = {**PLACE, "pipelineName": "rule_unit_tests"}
    assert ui.end_of(ui.launch(ui.execution(selector, {}))) == ("SUCCESS", [])


def test_a_part_of_the_day_that_the_warehouse_holds(ui: Ui) -> None:
    is_part = partial(lambda names, path: path[-1] in names, ("waiting", "flow"))
    assert ui.end_of(ui.launch(ui.parameters(DAYS[-1], is_part))) == ("SUCCESS", [])
    only_files = ui.parameters(DAYS[-1], lambda path: path[0] == "published")
    status, [said] = ui.end_of(ui.launch(only_files))
    assert status == "FAILURE"
    assert "A release was published since the models of the day were built" in said
    status, [said] = ui.end_of(ui.launch(ui.parameters(DAYS[0], is_part)))
    assert status == "FAILURE"
    assert f"The warehouse holds {DAYS[-1]}, so some models of {DAYS[0]} alone would mix two days" in said


def test_a_failed_day_goes_on_from_its_failure(ui: Ui) -> None:
    manifest = ui.home / "extracts" / "iwds" / str(DAYS[1]) / "manifest.json"
    whole = manifest.read_text()
    manifest.write_text(whole.replace('"delivery": 1', '"delivery": 2').replace('"rows": ', '"rows": 9'))
    run = ui.launch(ui.parameters(DAYS[1]))
    status, said = ui.end_of(run)
    assert (status, len(said)) == ("FAILURE", 1), said
    assert "was refused" in said[0]
    manifest.write_text(whole)
    again = ui.ask(AGAIN, given={"parentRunId": run, "strategy": "FROM_FAILURE"})["launchPipelineReexecution"]
    assert ui.end_of(again["run"]["id"]) == ("SUCCESS", [])


def test_a_canceled_run_leaves_the_day_as_it_was(ui: Ui) -> None:
    before = current(Settings(home=ui.home))
    run = ui.launch(ui.parameters(DAYS[-1]))
    wait_for(lambda: ui.run(run)["status"], lambda status: status == "STARTED")
    time.sleep(3)
    assert ui.ask(TERMINATE, id=run)["terminateRun"]["__typename"] == "TerminateRunSuccess"
    assert ui.end_of(run)[0] == "CANCELED"
    assert current(Settings(home=ui.home)) == before
    assert ui.end_of(ui.launch(ui.parameters(DAYS[-1]))) == ("SUCCESS", [])


def test_the_daemon_starts_runs_once_it_may(ui: Ui) -> None:
    def state() -> dict[str, Any]:
        found: dict[str, Any] = json.loads(yacp(ui.home, "status", "--format", "json").stdout)
        return found

    before = state()
    assert before["daemon_runs"]
    assert len(before["switched_off"]) == 3
    assert yacp(ui.home, "enable").returncode == 0
    assert state()["switched_off"] == []
    assert "yacp_starters_off 0" in httpx.get(f"{ui.address}/metrics").text
    assert httpx.get(f"{ui.address}/metrics", headers={"Host": "evil.example"}).status_code == 403
    assert yacp(ui.home, "disable").returncode == 0
    assert len(state()["switched_off"]) == 3
