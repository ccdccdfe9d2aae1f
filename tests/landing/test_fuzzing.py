"""Landing is fed whatever may come. Here the same few examples every time; ``make fuzz`` looks further, for minutes."""

from fuzzing import (
    Fuzzed,
    any_file_is_taken_or_refused,
    any_manifest_is_taken_or_refused,
    damaged,
    deliveries,
    manifests,
    rows_become_what_the_contract_says,
)
from hypothesis import given


@given(deliveries())
def test_every_row_becomes_what_the_contract_says(fuzzed: Fuzzed) -> None:
    rows_become_what_the_contract_says(fuzzed)


@given(damaged())
def test_a_damaged_file_is_taken_or_refused(given: tuple[bytes, Fuzzed, int]) -> None:
    any_file_is_taken_or_refused(*given)


@given(manifests())
def test_a_manifest_of_whatever_bytes_is_taken_or_refused(content: bytes) -> None:
    any_manifest_is_taken_or_refused(content)
