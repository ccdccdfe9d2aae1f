{% macro scope_columns() -%}
    case
        when provider_id is not null then 'provider'
        when lwia_number is not null then 'lwia'
        else 'statewide'
    end as scope_type,
    coalesce(provider_id, {{ as_text("lwia_number") }}, 'IL') as scope_id
{%- endmacro %}

{% macro group_by_scope(columns) -%}
    {%- set names = columns | join(", ") -%}
    group by grouping sets (({{ names }}), ({{ names }}, lwia_number), ({{ names }}, provider_id))
{%- endmacro %}
