{% macro generate_schema_name(custom_schema_name, node) -%}
    {{ (custom_schema_name or target.schema) | trim }}
{%- endmacro %}

{% macro spark__get_empty_schema_sql(columns) -%}
    {%- set types = {"varchar": "string", "timestamp with time zone": "timestamp", "timestamp": "timestamp_ntz"} -%}
    select
    {%- for column in columns.values() %}
        cast(null as {{ types.get(column["data_type"], column["data_type"]) }}) as {{ adapter.quote(column["name"]) }}
        {{- "," if not loop.last }}
    {%- endfor %}
{%- endmacro %}

{% macro spark__persist_constraints(relation, model) -%}
{%- endmacro %}

{% macro spark__load_csv_rows(model, agate_table) -%}
    {%- set types = model["config"].get("column_types", {}) -%}
    {%- set rows -%}
        insert into {{ this.render() }} values
        {%- for row in agate_table.rows %}
            ({%- for name in agate_table.column_names -%}
                {%- set type = types.get(name, adapter.convert_type(agate_table, loop.index0)) -%}
                cast(
                    {%- if row[name] is none %}null
                    {%- else %}'{{ row[name] | string | replace("\\", "\\\\") | replace("'", "\\'") }}'
                    {%- endif %} as {{ type }}){{ "," if not loop.last }}
            {%- endfor -%}){{ "," if not loop.last }}
        {%- endfor %}
    {%- endset -%}
    {%- do adapter.add_query(rows, auto_begin=false) -%}
    {{ return(rows) }}
{%- endmacro %}
{% materialization table, adapter="duckdb" %}
    {%- set existing = load_cached_relation(this) -%}
    {%- set target = this.incorporate(type="table") -%}
    {%- set is_contract = config.get("contract").enforced -%}
    {%- if pre_hooks or post_hooks or config.get("indexes") or config.get("grants") -%}
        {{ exceptions.raise_compiler_error("Tables of this project are built without hooks, indexes, and grants.") }}
    {%- endif -%}
    {%- if is_contract %}{% do get_assert_columns_equivalent(compiled_code) %}{% endif -%}
    {%- call statement("main") -%}
        {%- if existing is not none and not existing.is_table -%}
            drop {{ existing.type }} {{ existing }};
        {%- endif %}
        create or replace table {{ target }}
        {%- if is_contract %}
            {{ get_table_columns_and_constraints() }};
            insert into {{ target }} {{ get_column_names() }} (
                {{ get_select_subquery(compiled_code) }}
            );
        {%- else %} as (
                {{ compiled_code }}
            );
        {%- endif %}
    {%- endcall -%}
    {% do adapter.commit() %}
    {{ return({"relations": [target]}) }}
{% endmaterialization %}
