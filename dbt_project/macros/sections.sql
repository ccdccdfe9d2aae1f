{% macro section_mart(section_key=none) -%}
select * from {{ ref("int_sections__dashboard") }}
{% if section_key -%}
where section_key = '{{ section_key }}'
{% endif -%}
order by scope_type, scope_id, section_number, line_number
{%- endmacro %}
