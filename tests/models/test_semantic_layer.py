"""The metrics are valid, and their rates stay right when they are summed over providers or LWIAs."""

import duckdb
import pytest
from conftest import Sample
from dbt_semantic_interfaces.implementations.semantic_manifest import PydanticSemanticManifest
from dbt_semantic_interfaces.type_enums import MetricType
from dbt_semantic_interfaces.validations.semantic_manifest_validator import SemanticManifestValidator


@pytest.fixture(scope="module")
def manifest(sample: Sample) -> PydanticSemanticManifest:
    path = sample.settings.dbt_target / "semantic_manifest.json"
    return PydanticSemanticManifest.parse_raw(path.read_text())


def test_the_semantic_layer_is_valid(manifest: PydanticSemanticManifest) -> None:
    found = SemanticManifestValidator[PydanticSemanticManifest]().validate_semantic_manifest(manifest)
    assert [issue.message for issue in (*found.errors, *found.warnings)] == []
    assert {metric.name for metric in manifest.metrics} >= {
        "customers",
        "pass_rate",
        "loss_rate",
        "red_share",
        "average_days_on_line",
    }
    assert all(metric.description and metric.label for metric in manifest.metrics)


def _measured(manifest: PydanticSemanticManifest, metric: str) -> tuple[str, str]:
    """Where a simple metric is measured, and what."""
    (measure,) = next(found for found in manifest.metrics if found.name == metric).measure_references
    return next(
        (model.node_relation.relation_name, f"{found.agg.value}({found.expr})")
        for model in manifest.semantic_models
        for found in model.measures
        if found.name == measure.element_name
    )


def _rates(
    sample: Sample, manifest: PydanticSemanticManifest, metric: str, scope_type: str, by: str
) -> dict[object, float | None]:
    """A ratio metric as its definition says: the sum of the numerators over that of the denominators."""
    ratio = next(found for found in manifest.metrics if found.name == metric)
    assert ratio.type is MetricType.RATIO
    assert ratio.type_params.numerator
    assert ratio.type_params.denominator
    relation, numerator = _measured(manifest, ratio.type_params.numerator.name)
    same, denominator = _measured(manifest, ratio.type_params.denominator.name)
    assert relation == same
    with duckdb.connect(str(sample.settings.warehouse), read_only=True) as warehouse:
        return dict(
            warehouse.execute(
                f"select {by}, {numerator} / nullif({denominator}, 0) from {relation}"
                f" where scope_type = '{scope_type}' group by {by}"
            ).fetchall()
        )


@pytest.mark.parametrize("scope_type", ["provider", "lwia", "statewide"])
@pytest.mark.parametrize("metric", ["pass_rate", "loss_rate"])
def test_rates_summed_over_scopes_are_the_statewide_rates(
    sample: Sample, manifest: PydanticSemanticManifest, metric: str, scope_type: str
) -> None:
    published = dict(
        sample.query(
            "dashboard",
            f"select line_key, {metric} from it.sections.dashboard"
            f" where scope_type = 'statewide' and {metric} is not null",
        )
    )
    assert len(published) > 3
    rates = _rates(sample, manifest, metric, scope_type, "line_key")
    assert {line: rate for line, rate in rates.items() if rate is not None} == pytest.approx(published)


@pytest.mark.parametrize("scope_type", ["provider", "lwia"])
def test_the_red_share_summed_over_scopes_is_that_of_the_state(
    sample: Sample, manifest: PydanticSemanticManifest, scope_type: str
) -> None:
    published = dict(
        sample.query(
            "dashboard",
            "select section_key, sum(customer_count) filter (where colour = 'red')"
            " / sum(customer_count) filter (where line_key = 'total') from it.sections.dashboard"
            " where scope_type = 'statewide' group by section_key",
        )
    )
    rates = _rates(sample, manifest, "red_share", scope_type, "section_key")
    some = {section: share for section, share in published.items() if share is not None}
    assert len(some) > 3
    assert {section: share for section, share in rates.items() if section in some} == pytest.approx(some)
