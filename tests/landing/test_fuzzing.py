"""Landing gets random deliveries: here the same few examples every time, with ``make fuzz`` new ones for minutes."""

import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from conftest import DAY, Deliveries
from hypothesis import given
from random_deliveries import RandomDelivery, damaged_files, deliveries, manifests, with_parents
from reference_landing import assert_contract_is_kept, expected_verdicts, quarantine, stored, typed

from orchestration.contract.extract import System
from orchestration.contract.worknet import WORKNET
from orchestration.failures import DeliveryRefused, UsageError
from orchestration.landing.archive import ArchivedDelivery
from orchestration.landing.intake import land
from orchestration.settings import Settings


@contextmanager
def empty_home() -> Iterator[tuple[Settings, Deliveries]]:
    """An empty home and root; no number of wrong rows refuses a delivery."""
    with tempfile.TemporaryDirectory(prefix="fuzz-") as folder:
        root = Path(folder) / "extracts"
        yield Settings(home=Path(folder) / "home", extracts=str(root), max_quarantined_share=1.0), Deliveries(root)


def land_if_accepted(config: Settings, system: System) -> ArchivedDelivery | None:
    """The delivery, checked against contract and account; ``None`` when it was refused."""
    try:
        delivery = land(config, system, DAY)
    except (DeliveryRefused, UsageError):
        assert not (config.archive / system.name).exists(), "part of a refused delivery is left"
        assert list((config.archive / ".incoming").glob("*")) == []
        return None
    assert_contract_is_kept(delivery, system)
    return delivery


@given(deliveries())
def test_every_row_becomes_what_the_contract_says(random: RandomDelivery) -> None:
    with empty_home() as (config, root):
        root.write(random.system, {random.file: random.content()}, promise={random.file: len(random.rows)})
        delivery = land_if_accepted(config, random.system)
        assert delivery is not None, "no number of wrong rows refuses a delivery here"
        verdicts = expected_verdicts(random.extract, random.rows)
        expected = [row for row, verdict in zip(random.rows, verdicts, strict=True) if verdict == "loaded"]
        found = stored(delivery, random.extract)
        assert len(found) == len(expected)
        for row, archived in zip(expected, found, strict=True):
            for column, value in zip(random.extract.columns, archived, strict=True):
                assert value in typed(column, row[column.name]), column.name
        quarantined = [line for line, *_ in quarantine(delivery, random.extract)]
        lines = random.lines if random.format != "parquet" else range(1, len(random.rows) + 1)
        expected_lines = [line for line, verdict in zip(lines, verdicts, strict=True) if verdict == "quarantined"]
        assert len(quarantined) == len(expected_lines)
        assert quarantined == expected_lines


@given(damaged_files())
def test_a_damaged_file_is_loaded_or_refused(damaged: tuple[bytes, RandomDelivery, int]) -> None:
    content, random, row_count = damaged
    with empty_home() as (config, root):
        root.write(random.system, {random.file: content}, promise={random.file: row_count})
        land_if_accepted(config, random.system)


@given(manifests())
def test_a_manifest_of_any_bytes_is_accepted_or_refused(content: bytes) -> None:
    with empty_home() as (config, root):
        system = with_parents(WORKNET, WORKNET.extract("providers"))
        (root.write(system) / "manifest.json").write_bytes(content)
        land_if_accepted(config, system)
