"""A person in the archive: their rows in the extracts of every delivery, and the values of their refused rows.

The footer of a Parquet file says how many rows were removed from it, so that the row account of its delivery still
balances.
"""

from pathlib import Path

from orchestration.contract.extract import Extract
from orchestration.landing.archive import ROWS_FORGOTTEN
from orchestration.landing.refusals import refusals
from orchestration.privacy.person import EXTRACTS, Person
from orchestration.privacy.replacement import replaced
from orchestration.state.checksums import rewriting
from orchestration.state.database import literal, literal_list
from orchestration.state.permissions import restricted_folder


def find(person: Person) -> dict[str, dict[Path, int]]:
    """How many rows of the person each file has, by part of the archive."""
    loaded = {f"archive, {extract.system} {extract.name}": _loaded(person, extract) for extract in EXTRACTS}
    return {"archive, values in quarantine": _refused(person)} | loaded


def erase(person: Person) -> None:
    """Rewrites every file that has rows of the person."""
    incoming = restricted_folder(person.settings, person.settings.archive / ".incoming")
    refused = list(_refused(person))
    with rewriting(refused):
        for path in refused:
            with replaced([path], incoming) as new:
                _copy_without_values(person, path, new)
    for extract in EXTRACTS:
        rows = _loaded(person, extract)
        with rewriting(rows):
            for delivery in person.deliveries:
                if (path := delivery.parquet(extract)) in rows:
                    _copy_without_rows(person, extract, path, rows[path] + delivery.rows_forgotten(extract), incoming)


def _copy_without_rows(person: Person, extract: Extract, path: Path, forgotten: int, incoming: Path) -> None:
    with replaced([path], incoming) as new:
        person.connection.execute(
            f"copy (from read_parquet({literal(path)}) where ({person.condition(extract)}) is not true)"
            f" to {literal(new)} (format parquet, compression zstd,"
            f" kv_metadata {{{ROWS_FORGOTTEN}: '{forgotten}'}})"
        )


def _loaded(person: Person, extract: Extract) -> dict[Path, int]:
    return _by_file(person, f"{person.rows(extract)} where {person.condition(extract)}")


def _refused(person: Person) -> dict[Path, int]:
    refused = [refusal.quarantine for refusal in refusals(person.settings.archive)]
    files = [delivery.quarantine for delivery in person.deliveries] + [path for path in refused if path]
    return _by_file(person, f"({_refused_rows(files)})") if files else {}


def _by_file(person: Person, rows: str) -> dict[Path, int]:
    found = person.connection.execute(f"select filename, count(*) from {rows} group by filename").fetchall()
    return {Path(name): count for name, count in found}


def _refused_rows(files: list[Path]) -> str:
    """The person's rows in quarantine: those with one of their ids, addresses or numbers, or with both names.

    In a record that could not be split into columns, each value may be in any of them.
    """
    return rf"""
        with refused as (
            select filename, file_row_number, try_cast(record as json) as fields, record
            from read_parquet({literal_list(files)}, filename = true, file_row_number = true)
            where record is not null
        ),
        names as (
            select filename, file_row_number, fields, unnest(json_keys(fields)) as name from refused
            where json_type(fields) = 'OBJECT'
        ),
        cells as (
            select
                filename, file_row_number, name, lower(trim(json_extract_string(fields, '$."' || name || '"'))) as value
            from names
            union all
            select
                filename, file_row_number, null,
                lower(trim(unnest(regexp_split_to_array(record, '[",\r\n]+')))) as value
            from refused where json_type(fields) is distinct from 'OBJECT'
        ),
        with_both_names as (
            select cells.filename, cells.file_row_number from cells, customer
            where bare_name(value) in (customer.first_name, customer.last_name)
                and coalesce(name, 'last_name') in ('first_name', 'last_name')
            group by all
            having bool_or(bare_name(value) = customer.first_name) and bool_or(bare_name(value) = customer.last_name)
        )
        select filename, file_row_number from cells
        inner join marks on cells.value = marks.value and coalesce(cells.name, column_name) = column_name
        union
        from with_both_names
    """


def _copy_without_values(person: Person, path: Path, new: Path) -> None:
    """Leaves out the values of their refused rows. The line number and the reason stay, for the row account."""
    person.connection.execute(
        f"create or replace temp table theirs as select file_row_number from ({_refused_rows([path])});"
        "copy (select * exclude (file_row_number, is_theirs)"
        " replace (if(is_theirs, null, value) as value, if(is_theirs, null, record) as record)"
        " from (select *, file_row_number in (from theirs) as is_theirs"
        f" from read_parquet({literal(path)}, file_row_number = true)))"
        f" to {literal(new)} (format parquet)"
    )
