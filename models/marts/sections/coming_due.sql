with

memberships as (
    select * from {{ ref("int_lines__memberships") }}
    where days_until_red is not null
),

horizons as (
    select days_until_red from {{ ref("horizons") }}
),

lines as (
    select * from {{ ref("lines") }}
),

overdue_lines as (
    select
        overdue.section_key,
        overdue.section_name,
        overdue.parent_line_key as line_key,
        lines.line_name,
        overdue.line_key as overdue_line_key,
        overdue.line_name as overdue_line_name
    from lines as overdue
    inner join lines on overdue.parent_line_key = lines.line_key
    where overdue.colour = 'red'
),

counted as (
    select
        {{ scope_columns() }},
        section_key,
        line_key,
        days_until_red,
        count(*) as customer_count
    from memberships
    {{ group_by_scope(["section_key", "line_key", "days_until_red"]) }}
),

scopes as (
    select * from {{ ref("int_sections__scopes") }}
)

select
    {{ as_of_date() }} as as_of_date,
    scopes.scope_type,
    scopes.scope_id,
    scopes.scope_name,
    overdue_lines.section_key,
    overdue_lines.section_name,
    overdue_lines.line_key,
    overdue_lines.line_name,
    overdue_lines.overdue_line_key,
    overdue_lines.overdue_line_name,
    horizons.days_until_red,
    cast(coalesce(sum(counted.customer_count) filter (
        where counted.days_until_red = horizons.days_until_red
    ), 0) as bigint) as customer_count,
    cast(coalesce(sum(counted.customer_count), 0) as bigint) as customer_count_by_then
from scopes
cross join overdue_lines
cross join horizons
left join counted
    on
        scopes.scope_type = counted.scope_type
        and scopes.scope_id = counted.scope_id
        and overdue_lines.section_key = counted.section_key
        and overdue_lines.line_key = counted.line_key
        and counted.days_until_red <= horizons.days_until_red
group by
    scopes.scope_type,
    scopes.scope_id,
    scopes.scope_name,
    overdue_lines.section_key,
    overdue_lines.section_name,
    overdue_lines.line_key,
    overdue_lines.line_name,
    overdue_lines.overdue_line_key,
    overdue_lines.overdue_line_name,
    horizons.days_until_red
