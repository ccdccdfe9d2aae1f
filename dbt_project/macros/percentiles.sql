{% macro percentiles(number, shares) -%}
    {{ return(adapter.dispatch("percentiles")(number, shares)) }}
{%- endmacro %}

{% macro duckdb__percentiles(number, shares) -%}
    quantile_cont(cast({{ number }} as integer), [{{ shares | join(", ") }}])
{%- endmacro %}

{% macro spark__percentiles(number, shares) -%}
    percentile({{ number }}, array({{ shares | join(", ") }}))
{%- endmacro %}

{% macro percentile(list, place) -%}
    round({{ adapter.dispatch("element")(list, place) }}, 2)
{%- endmacro %}

{% macro duckdb__element(list, place) -%}
    {{ list }}[{{ place }}]
{%- endmacro %}

{% macro spark__element(list, place) -%}
    element_at({{ list }}, {{ place }})
{%- endmacro %}
