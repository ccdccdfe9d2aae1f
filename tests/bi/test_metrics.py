"""MetricFlow validates the metrics against the published file, and they give the numbers of the published tables."""

import csv
import shutil
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import pytest
from conftest import Sample, clean_environment

from orchestration.settings import PROJECT


@dataclass
class Metrics:
    """The project of the metrics, in a folder of its own, over the sample."""

    folder: Path
    home: Path

    def run(self, program: str, *arguments: str) -> str:
        path = Path(sys.executable).with_name(program)
        environment = clean_environment(self.home, DBT_PROFILES_DIR=str(self.folder), DO_NOT_TRACK="1")
        done = subprocess.run(
            [path, *arguments], env=environment, cwd=self.folder, capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def query(self, metrics: Sequence[str], by: Sequence[str], where: str) -> list[dict[str, str]]:
        file = self.folder / "answer.csv"
        self.run(
            "mf",
            "query",
            "--metrics",
            ",".join(metrics),
            "--group-by",
            ",".join(by),
            "--where",
            where,
            "--csv",
            str(file),
        )
        with file.open() as lines:
            return list(csv.DictReader(lines))


@pytest.fixture(scope="module")
def metrics(sample: Sample, tmp_path_factory: pytest.TempPathFactory) -> Metrics:
    folder = tmp_path_factory.mktemp("bi") / "metrics"
    shutil.copytree(PROJECT / "bi" / "metrics", folder, ignore=shutil.ignore_patterns("target", "logs", "*.duckdb"))
    found = Metrics(folder, sample.home)
    found.run("dbt", "--quiet", "build")
    return found


def test_metricflow_validates_them_against_the_published_file(metrics: Metrics) -> None:
    said = metrics.run("mf", "validate-configs")
    assert said.count("(ERRORS: 0, FUTURE_ERRORS: 0, WARNINGS: 0)") == 6


def test_rates_over_all_providers_are_those_of_the_state(metrics: Metrics, sample: Sample) -> None:
    found = metrics.query(
        ["pass_rate", "loss_rate"],
        ["metric_time__day", "rate_of_a_day__line_key"],
        "{{ Dimension('rate_of_a_day__scope_type') }} = 'provider'",
    )
    rates = {
        (row["metric_time__day"][:10], row["rate_of_a_day__line_key"]): float(row["pass_rate"] or row["loss_rate"])
        for row in found
        if row["pass_rate"] or row["loss_rate"]
    }
    published = sample.query(
        "dashboard",
        "select as_of_date::varchar, line_key, coalesce(pass_rate, loss_rate) from it.sections.history"
        " where scope_type = 'statewide' and coalesce(pass_rate, loss_rate) is not null",
    )
    assert len({day for day, _, _ in published}) == 2
    assert rates == pytest.approx({(day, line): rate for day, line, rate in published})


def test_the_red_share_counts_nobody_twice(metrics: Metrics, sample: Sample) -> None:
    found = metrics.query(
        ["red_share", "section_customers"],
        ["section_of_a_day__section_key"],
        "{{ Dimension('section_of_a_day__scope_type') }} = 'statewide'",
    )
    listed = dict(
        sample.query(
            "customers",
            "select section_key,"
            " count(distinct customer_id) filter (where colour = 'red') / count(distinct customer_id)"
            " from it.lists.line_customers group by section_key",
        )
    )
    assert {row["section_of_a_day__section_key"]: float(row["red_share"]) for row in found} == pytest.approx(listed)
