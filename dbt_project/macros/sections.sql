{% macro section_mart(section_key=none) -%}
select
    as_of_date,
    scope_type,
    scope_id,
    scope_name,
    section_number,
    section_key,
    section_name,
    line_number,
    line_key,
    line_name,
    colour,
    parent_line_key,
    definition,
    next_steps,
    customer_count,
    percent,
    loss_rate,
    pass_rate,
    eligible_count,
    unclassified_count
from {{ ref("int_sections__dashboard") }}
{% if section_key -%}
where section_key = '{{ section_key }}'
{% endif -%}
order by scope_type, scope_id, section_number, line_number
{%- endmacro %}
