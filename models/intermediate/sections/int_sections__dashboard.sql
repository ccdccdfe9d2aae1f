with

scopes as (
    select * from {{ ref("int_sections__scopes") }}
),

sections as (
    select * from {{ ref("dashboard_sections") }}
),

lines as (
    select * from {{ ref("dashboard_lines") }}
),

line_counts as (
    select * from {{ ref("int_sections__line_counts") }}
),

totals as (
    select * from {{ ref("int_sections__totals") }}
),

-- A section that nobody in a scope is eligible for still has its rows, with 0.
scope_sections as (
    select
        scopes.scope_type,
        scopes.scope_id,
        scopes.scope_name,
        sections.section_number,
        sections.section_key,
        sections.section_name,
        sections.total_name,
        coalesce(totals.eligible_count, 0) as eligible_count,
        coalesce(totals.total_count, 0) as total_count,
        coalesce(totals.rate_base_count, 0) as rate_base_count
    from scopes
    cross join sections
    left join totals
        on
            scopes.scope_type = totals.scope_type
            and scopes.scope_id = totals.scope_id
            and sections.section_key = totals.section_key
),

line_rows as (
    select
        scope_sections.*,
        lines.line_number,
        lines.line_key,
        lines.line_name,
        lines.colour,
        lines.parent_line_key,
        lines.definition,
        lines.next_steps,
        coalesce(line_counts.customer_count, 0) as customer_count
    from scope_sections
    inner join lines on scope_sections.section_key = lines.section_key
    left join line_counts
        on
            scope_sections.scope_type = line_counts.scope_type
            and scope_sections.scope_id = line_counts.scope_id
            and lines.section_key = line_counts.section_key
            and lines.line_key = line_counts.line_key
),

last_lines as (
    select section_key, max(line_number) as line_number from lines
    group by section_key
),

total_rows as (
    select
        scope_sections.*,
        last_lines.line_number + 1 as line_number,
        'total' as line_key,
        scope_sections.total_name as line_name,
        cast(null as {{ dbt.type_string() }}) as colour,
        cast(null as {{ dbt.type_string() }}) as parent_line_key,
        cast(null as {{ dbt.type_string() }}) as definition,
        cast(null as {{ dbt.type_string() }}) as next_steps,
        scope_sections.total_count as customer_count
    from scope_sections
    inner join last_lines on scope_sections.section_key = last_lines.section_key
),

rows_of_all as (
    select * from line_rows
    union all
    select * from total_rows
)

select
    {{ as_of_date() }} as as_of_date,
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
    case
        when line_key <> 'total' then cast(customer_count as double) / nullif(total_count, 0)
    end as percent,
    case when colour = 'grey' then cast(customer_count as double) / nullif(rate_base_count, 0) end as loss_rate,
    case when colour = 'green' then cast(customer_count as double) / nullif(rate_base_count, 0) end as pass_rate,
    eligible_count,
    eligible_count - total_count as unclassified_count
from rows_of_all
