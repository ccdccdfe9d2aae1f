"""Spark's home links to the parts of the installed Spark. Needs the packages of requirements/spark.txt."""

from pathlib import Path

import pytest

from orchestration.internals.spark_home import link_installation

pyspark = pytest.importorskip("pyspark")


def test_the_home_is_a_spark_distribution(tmp_path: Path) -> None:
    for _ in range(2):
        link_installation(tmp_path)
    assert {path.name for path in tmp_path.iterdir()} >= {"bin", "jars"}
    assert (tmp_path / "bin" / "spark-submit").exists()
    assert list((tmp_path / "jars").glob("spark-core_*.jar"))
    assert (tmp_path / "jars").resolve().is_relative_to(Path(pyspark.__file__).parent)
