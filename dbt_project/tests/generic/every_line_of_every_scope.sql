{#- A line without customers is still a row: each scope has every line and each section's total. -#}
{% test every_line_of_every_scope(model) %}
with

due as (
    select section_key, line_key from {{ ref("dashboard_lines") }}
    union all
    select section_key, 'total' as line_key from {{ ref("dashboard_sections") }}
)

select
    scopes.scope_type,
    scopes.scope_id,
    due.section_key,
    due.line_key
from {{ ref("int_sections__scopes") }} as scopes
cross join due
left join {{ model }} as dashboard
    on
        scopes.scope_type = dashboard.scope_type
        and scopes.scope_id = dashboard.scope_id
        and due.section_key = dashboard.section_key
        and due.line_key = dashboard.line_key
where dashboard.line_key is null
{% endtest %}
