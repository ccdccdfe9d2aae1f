with

memberships as (
    select * from {{ ref("int_lines__memberships") }}
)

select
    {{ scope_columns() }},
    section_key,
    line_key,
    count(*) as customer_count
from memberships
{{ group_by_scope(["section_key", "line_key"]) }}
