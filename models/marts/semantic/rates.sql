with

dashboard as (
    select * from {{ ref("int_sections__dashboard") }}
    where colour in ('green', 'grey')
),

totals as (
    select * from {{ ref("int_sections__totals") }}
)

-- A section that nobody in a scope is eligible for has no base, so it has no rate.
select
    dashboard.as_of_date,
    dashboard.scope_type,
    dashboard.scope_id,
    dashboard.scope_name,
    dashboard.section_key,
    dashboard.line_key,
    dashboard.line_name,
    dashboard.colour,
    case when dashboard.colour = 'green' then dashboard.customer_count else 0 end as passed_count,
    case when dashboard.colour = 'grey' then dashboard.customer_count else 0 end as lost_count,
    coalesce(totals.rate_base_count, 0) as rate_base_count
from dashboard
left join totals
    on
        dashboard.scope_type = totals.scope_type
        and dashboard.scope_id = totals.scope_id
        and dashboard.section_key = totals.section_key
