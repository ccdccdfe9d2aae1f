{#- Counts by statewide, LWIA and provider in one pass: the columns that say which scope a grouped row is of,
    and the grouping sets that go with them. The relation needs `lwia_number` and `provider_id`, neither null. -#}
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
