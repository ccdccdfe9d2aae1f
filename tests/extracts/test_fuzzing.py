"""Quick runs of the fuzz tests, the same ones every time; tests/faults/test_fuzz.py looks further."""

from fuzzing import (
    Fuzzed,
    any_file_is_taken_or_refused,
    any_manifest_is_taken_or_refused,
    damaged,
    deliveries,
    manifests,
    rows_become_what_the_contract_says,
)
from hypothesis import HealthCheck, Phase, given, settings

quick = settings(
    max_examples=8,
    derandomize=True,
    database=None,
    deadline=None,
    phases=[Phase.explicit, Phase.generate, Phase.shrink],
    suppress_health_check=list(HealthCheck),
)


@quick
@given(deliveries())
def test_every_row_becomes_what_the_contract_says(fuzzed: Fuzzed) -> None:
    rows_become_what_the_contract_says(fuzzed)


@quick
@given(damaged())
def test_a_damaged_file_is_taken_or_refused(given: tuple[bytes, Fuzzed, int]) -> None:
    any_file_is_taken_or_refused(*given)


@quick
@given(manifests())
def test_a_manifest_of_whatever_bytes_is_taken_or_refused(content: bytes) -> None:
    any_manifest_is_taken_or_refused(content)
