"""A description of the Parquet beside it, as a Frictionless data package: columns, keys, and what refers to what.

published/parquet/<file>/datapackage.json
"""

import json
from collections.abc import Sequence
from datetime import date
from pathlib import Path
from typing import Any

from orchestration.warehouse.data_model import references
from orchestration.warehouse.dbt_project import Mart

NAME = "datapackage.json"
_TYPES = {
    "bigint": "integer",
    "boolean": "boolean",
    "date": "date",
    "double": "number",
    "integer": "integer",
    "timestamp": "datetime",
    "varchar": "string",
}


def write_data_packages(parquet: Path, newest: date, marts: Sequence[Mart]) -> None:
    """Writes one for the counts and one for the lists, over the Parquet of a release that is being built.

    Tables of one day have the files of the newest day, the others those of every day, as in the DuckDB files.
    """
    tables = [mart for mart in marts if not mart.is_view]
    for file in sorted({mart.published_in for mart in tables}):
        of_file = [mart for mart in tables if mart.published_in == file]
        package = {
            "name": f"yacp-{file}",
            "description": "The tables as of the newest published day; docs/tables.md of yacp says more.",
            "version": newest.isoformat(),
            "resources": [_resource(parquet / file, newest, mart, of_file) for mart in of_file],
        }
        text = json.dumps(package, indent=1, ensure_ascii=False) + "\n"
        target = parquet / file / NAME
        target.unlink(missing_ok=True)  # a spare's file may be linked elsewhere too, as by a backup made of links
        target.write_text(text, encoding="utf-8")


def _resource(folder: Path, newest: date, mart: Mart, tables: Sequence[Mart]) -> dict[str, Any]:
    day = newest.isoformat() if mart.is_of_one_day else "*"
    files = sorted(folder.glob(f"{mart.schema}/{mart.name}/as_of_date={day}/*.parquet"))
    foreign = [
        {"fields": list(found.columns), "reference": {"resource": _name(found.to), "fields": list(found.to.grain)}}
        for found in references(mart, tables)
    ]
    schema: dict[str, Any] = {"fields": [_field(mart, name) for name in mart.columns]}
    if mart.required.issuperset(mart.grain):
        schema["primaryKey"] = list(mart.grain)
    else:  # a primary key has no empty columns; a unique one may
        schema["uniqueKeys"] = [list(mart.grain)]
    if foreign:
        schema["foreignKeys"] = foreign
    return {
        "name": _name(mart),
        "path": [str(file.relative_to(folder)) for file in files],
        "format": "parquet",
        "mediatype": "application/vnd.apache.parquet",
        "description": mart.description,
        "schema": schema,
    }


def _name(mart: Mart) -> str:
    return mart.key.replace("_", "-")


def _field(mart: Mart, name: str) -> dict[str, Any]:
    field: dict[str, Any] = {"name": name, "type": _TYPES[mart.types[name]], "description": mart.columns[name]}
    return field | ({"constraints": {"required": True}} if name in mart.required else {})
