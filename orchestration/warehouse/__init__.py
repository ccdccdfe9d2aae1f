"""The build: DuckDB, dbt and its results, Great Expectations, and the gate before publishing."""
