"""Everything that people look up has a description, and the documentation is written from it."""

from pathlib import Path
from typing import Any

import duckdb
from conftest import Sample, yacp

from orchestration.warehouse.dbt_project import load_manifest, manifest_path

MARTS = {"sections", "lists", "quality", "reference"}


def _described(sample: Sample) -> list[dict[str, Any]]:
    manifest = load_manifest(manifest_path(sample.settings))
    nodes = [node for node in manifest["nodes"].values() if node["resource_type"] in ("model", "seed")]
    return nodes + list(manifest["sources"].values())


def test_every_model_seed_and_source_is_described(sample: Sample) -> None:
    found = _described(sample)
    assert {node["resource_type"] for node in found} == {"model", "seed", "source"}
    assert [node["unique_id"] for node in found if not node["description"].strip()] == []


def test_every_column_named_is_described(sample: Sample) -> None:
    undescribed = [
        f"{node['unique_id']}.{name}"
        for node in _described(sample)
        for name, column in node["columns"].items()
        if not column["description"].strip()
    ]
    assert undescribed == []


def test_every_mart_has_a_contract(sample: Sample) -> None:
    marts = [node for node in _described(sample) if node["schema"] in MARTS and node["resource_type"] == "model"]
    assert {node["schema"] for node in marts} == MARTS
    assert [node["name"] for node in marts if not node["config"]["contract"]["enforced"]] == []


def test_every_column_built_is_named_and_none_else(sample: Sample) -> None:
    with duckdb.connect(str(sample.settings.warehouse), read_only=True) as connection:
        built = connection.execute(
            "select table_schema || '.' || table_name, list(column_name order by ordinal_position)"
            " from information_schema.columns group by all"
        ).fetchall()
    columns = dict(built)
    models = [node for node in _described(sample) if node["resource_type"] == "model"]
    assert len(models) > 60
    for node in models:
        assert list(node["columns"]) == columns[f"{node['schema']}.{node['alias']}"], node["name"]


def test_every_exposure_says_whose_it_is_and_what_it_reads(sample: Sample) -> None:
    manifest = load_manifest(manifest_path(sample.settings))
    assert len(manifest["exposures"]) == 3
    for exposure in manifest["exposures"].values():
        assert exposure["description"]
        assert exposure["maturity"]
        assert exposure["owner"]["name"]
        assert {manifest["nodes"][name]["schema"] for name in exposure["depends_on"]["nodes"]} <= MARTS


def test_docs_are_two_pages_and_nothing_else_is_said(sample: Sample, tmp_path: Path) -> None:
    mine = sample.copy(tmp_path)
    result = yacp(mine.home, "docs", "--out", str(tmp_path / "site"))
    assert result.returncode == 0, result.stderr
    page = tmp_path / "site" / "index.html"
    lineage = page.with_name("lineage.html")
    said = f"The documentation is in {page}, the lineage of columns in {lineage}\n"
    assert (result.stdout, result.stderr) == ("", said)
    content = page.read_text()
    assert "Every unbroken stay of a customer on a line" in content
    assert "The as-of date; everything is judged as of the end of this day." in content
    assert "[Column lineage](lineage.html)" in content
    assert "sections.history.percent" in lineage.read_text()
    assert yacp(mine.home, "docs").returncode == 0
    assert (mine.home / "docs" / "index.html").is_file()


def test_docs_without_a_warehouse_are_one_sentence(tmp_path: Path) -> None:
    result = yacp(tmp_path / "home", "docs")
    assert result.returncode == 2
    assert result.stderr == "There is no warehouse to document yet; yacp run builds one.\n"
    assert not (tmp_path / "home").exists()
