"""A person in the archive: their rows in the extracts of every delivery, and the values of refused ones.

A Parquet file says in its footer how many rows it lost, so that the account of its delivery still adds up.
"""

from __future__ import annotations

from pathlib import Path

from orchestration.contract.extract import Extract
from orchestration.landing.archive import ROWS_FORGOTTEN, ArchivedDelivery
from orchestration.privacy.person import EXTRACTS, Person
from orchestration.privacy.replacement import RowsByFile, replace_file, scratch_folder
from orchestration.state.database import literal, literal_list
from orchestration.state.permissions import restricted_folder


def find(person: Person) -> dict[str, RowsByFile]:
    """Rows by place and file."""
    places: dict[str, RowsByFile] = {"archive, values in quarantine": _refused(person)}
    for extract in EXTRACTS:
        places[f"archive, {extract.system} {extract.name}"] = _loaded(person, extract)
    return places


def erase(person: Person) -> None:
    """Writes every file anew that holds them."""
    if not person.deliveries:
        return
    incoming = restricted_folder(person.settings, person.settings.archive / ".incoming")
    with scratch_folder(incoming) as folder:
        for path in _refused(person):
            _empty(person, path, folder / path.name)
        for extract in EXTRACTS:
            held = _loaded(person, extract)
            for delivery in person.deliveries:
                if count := held.get(delivery.parquet(extract)):
                    _leave(person, delivery, extract, count, folder)


def _loaded(person: Person, extract: Extract) -> RowsByFile:
    files = [delivery.parquet(extract) for delivery in person.deliveries if delivery.system == extract.system]
    if not files:
        return {}
    rows = person.connection.execute(
        f"select filename, count(*) from read_parquet({literal_list(files)}, union_by_name = true, filename = true)"
        f" where {person.condition(extract)} group by filename"
    ).fetchall()
    return {Path(name): count for name, count in rows}


def _leave(person: Person, delivery: ArchivedDelivery, extract: Extract, count: int, folder: Path) -> None:
    path, made = delivery.parquet(extract), folder / f"{extract.name}.parquet"
    forgotten = count + delivery.rows_forgotten(extract)
    person.connection.execute(
        f"copy (from read_parquet({literal(path)}) where ({person.condition(extract)}) is not true)"
        f" to {literal(made)} (format parquet, compression zstd, kv_metadata {{{ROWS_FORGOTTEN}: '{forgotten}'}})"
    )
    replace_file(made, path)


def _refused(person: Person) -> RowsByFile:
    files = [delivery.quarantine for delivery in person.deliveries]
    if not files:
        return {}
    rows = person.connection.execute(f"select filename, count(*) from ({_theirs(files)}) group by filename").fetchall()
    return {Path(name): count for name, count in rows}


def _theirs(files: list[Path]) -> str:
    """The rows in quarantine that are theirs: by an id, an address or a number of theirs, or by both names.

    In a row that could not be split into columns, the value may stand anywhere.
    """
    return rf"""
        with refused as (
            select filename, file_row_number as place, try_cast(record as json) as fields, record
            from read_parquet({literal_list(files)}, filename = true, file_row_number = true)
            where record is not null
        ),
        names as (
            select filename, place, fields, unnest(json_keys(fields)) as name from refused
            where json_type(fields) = 'OBJECT'
        ),
        cells as (
            select filename, place, name, lower(trim(json_extract_string(fields, '$."' || name || '"'))) as value
            from names
            union all
            select filename, place, null, lower(trim(unnest(regexp_split_to_array(record, '[",\r\n]+')))) as value
            from refused where json_type(fields) is distinct from 'OBJECT'
        ),
        named as (
            select cells.filename, cells.place from cells, customer
            where letters(value) in (customer.first_name, customer.last_name)
                and coalesce(name, 'last_name') in ('first_name', 'last_name')
            group by all
            having bool_or(letters(value) = customer.first_name) and bool_or(letters(value) = customer.last_name)
        )
        select filename, place from cells
        inner join marks on cells.value = marks.value and coalesce(cells.name, column_name) = column_name
        union
        from named
    """


def _empty(person: Person, path: Path, made: Path) -> None:
    """Place and reason of a refused row stay, for the account; its values go."""
    person.connection.execute(
        f"create or replace temp table theirs as select place from ({_theirs([path])});"
        "copy (select * exclude (file_row_number, is_theirs)"
        " replace (if(is_theirs, null, value) as value, if(is_theirs, null, record) as record)"
        " from (select *, file_row_number in (from theirs) as is_theirs"
        f" from read_parquet({literal(path)}, file_row_number = true)))"
        f" to {literal(made)} (format parquet)"
    )
    replace_file(made, path)
