{#- The types of the output contract in Spark's words: what dbt compares a mart's query with. -#}
{% macro spark__get_empty_schema_sql(columns) -%}
    {%- set types = {"varchar": "string", "timestamp with time zone": "timestamp"} -%}
    select
    {%- for column in columns.values() %}
        cast(null as {{ types.get(column["data_type"], column["data_type"]) }}) as {{ adapter.quote(column["name"]) }}
        {{- "," if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{#- Parquet keeps no constraints; orchestration/spark/results.py looks for the nulls that a contract rules out. -#}
{% macro spark__persist_constraints(relation, model) -%}
{%- endmacro %}
