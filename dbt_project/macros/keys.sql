{% macro same(left, right, keys) -%}
    {% for key in keys %}{{ left }}.{{ key }} = {{ right }}.{{ key }}{{ " and " if not loop.last }}{% endfor %}
{%- endmacro %}

{% macro repeated(model, columns) -%}
    select * from {{ model }}
    where {{ row_hash(columns) }} in (
        select {{ row_hash(columns) }} from {{ model }}
        group by {{ row_hash(columns) }}
        having count(*) > 1
    )
{%- endmacro %}

{% macro row_hash(columns) -%}
    {{ return(adapter.dispatch("row_hash")(columns)) }}
{%- endmacro %}

{% macro duckdb__row_hash(columns) -%}
    hash({{ columns | join(", ") }})
{%- endmacro %}

{% macro spark__row_hash(columns) -%}
    xxhash64({{ columns | join(", ") }})
{%- endmacro %}
