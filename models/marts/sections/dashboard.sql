-- Not a union of the seven tables: DuckDB stores a union of more than two nested, and DuckDB 1.1 to 1.4 lose its rows.
{{ config(materialized="view") }}

select history.* from {{ ref("history") }} as history
where history.as_of_date = (select max(section.as_of_date) from {{ ref(var("sections")[0]) }} as section)
