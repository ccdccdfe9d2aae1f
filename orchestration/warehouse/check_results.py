"""Check results, kept in a table of the warehouse: published with the day, and read by the gate."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import astuple, dataclass
from typing import Any

import duckdb

from orchestration.failures import NOTHING_PUBLISHED, ChecksBlocked
from orchestration.settings import Settings
from orchestration.state.database import write_parquet
from orchestration.state.files import flush_to_disk
from orchestration.warehouse.check_texts import dbt_test_text

_SHOWN = 12


@dataclass(frozen=True)
class CheckResult:
    """One check of a run. ``severity`` is error or warn; ``where_to_look`` is for the operator and not published.

    ``name`` is the key; people read ``title`` and, in ``expected``, the sentence that says what must hold.
    """

    name: str
    asset: str
    severity: str
    passed: bool
    observed: str
    expected: str
    where_to_look: str
    title: str


def record(connection: duckdb.DuckDBPyConnection, results: Iterable[CheckResult]) -> None:
    """Adds results to those of the run so far, in place of earlier ones of the same checks."""
    rows = [astuple(result) for result in results]
    if rows:
        connection.execute(
            "delete from run.check_results where (name, asset) in (select unnest(?), unnest(?))",
            [[row[0] for row in rows], [row[1] for row in rows]],
        )
        connection.executemany("insert into run.check_results values (?, ?, ?, ?, ?, ?, ?, ?)", rows)


def gate(connection: duckdb.DuckDBPyConnection) -> None:
    """Raises ``ChecksBlocked`` if a check of severity error failed: which, what it found, and where to look."""
    failed = connection.execute(
        "select * from run.check_results where severity = 'error' and not passed order by name, asset"
    ).fetchall()
    if not failed:
        return
    lines = [
        f"  {result.title}: {result.observed}. {result.expected} See {result.where_to_look}"
        f" ({result.name} on {result.asset})."
        for result in (CheckResult(*row) for row in failed[:_SHOWN])
    ]
    if len(failed) > _SHOWN:
        lines.append(f"  and {len(failed) - _SHOWN} more: yacp checks")
    raise ChecksBlocked(
        f"{len(failed)} check{'s' if len(failed) != 1 else ''} of severity error failed. {NOTHING_PUBLISHED}\n"
        + "\n".join(lines)
    )


def keep(config: Settings, connection: duckdb.DuckDBPyConnection) -> None:
    """Keeps the results of the run so far as those of its day. Later runs of other days don't touch them."""
    [(day,)] = connection.execute("select as_of_date from run.built").fetchall()
    target = config.checks / f"{day}.parquet"
    fresh = target.with_suffix(".new")
    write_parquet(connection, "from run.check_results", fresh)
    flush_to_disk(fresh)
    fresh.replace(target)


def cases_found(count: int, of: int | None = None) -> str:
    """What a check observed: how many cases break what must hold."""
    shown = f"{count:,}" if of is None else f"{count:,} of {of:,}"
    return f"{shown} {'case' if (of or count) == 1 else 'cases'} {'breaks' if count == 1 else 'break'} it"


def dbt_results(results: Iterable[Mapping[str, Any]], nodes: Mapping[str, Mapping[str, Any]]) -> Iterator[CheckResult]:
    """The results of a dbt build's data tests, with the number of failing rows and the SQL of the test as it ran."""
    for result in results:
        node = nodes.get(result["unique_id"])
        if node is None or node["resource_type"] != "test":
            continue
        failures = result["failures"]
        attached = node.get("attached_node") or node["depends_on"]["nodes"][0]
        text = dbt_test_text(node)
        below = node["original_file_path"].removeprefix("../")
        yield CheckResult(
            name=node["name"],
            asset=attached.split(".")[-1],
            severity=node["config"]["severity"].lower(),
            passed=result["status"] == "pass",
            observed=cases_found(failures) if failures is not None else f"not judged ({result['status']})",
            expected=text.sentence,
            where_to_look=f"dbt/target/compiled/{below}/{node['path'].split('/')[-1]}",
            title=text.title,
        )
