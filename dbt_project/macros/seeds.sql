{#- A seed's rows as one statement. What dbt-spark does in a session of its own turns an empty value into the word
    None, and stumbles over an apostrophe. -#}
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
