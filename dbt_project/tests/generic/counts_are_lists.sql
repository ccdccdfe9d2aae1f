{#- For every scope and line, the dashboard's count is the number of customers on the list behind it; the total is
    the number of distinct customers on the section's lists. Counted again here, from the list. -#}
{% test counts_are_lists(model) %}
with

listed as (
    select
        {{ scope_columns() }},
        section_key,
        line_key,
        count(*) as customer_count
    from {{ ref("line_customers") }}
    {{ group_by_scope(["section_key", "line_key"]) }}
),

distinct_customers as (
    select distinct section_key, customer_id, provider_id, lwia_number from {{ ref("line_customers") }}
),

listed_totals as (
    select
        {{ scope_columns() }},
        section_key,
        'total' as line_key,
        count(*) as customer_count
    from distinct_customers
    {{ group_by_scope(["section_key"]) }}
),

expected as (
    select * from listed
    union all
    select * from listed_totals
)

select
    coalesce(dashboard.scope_type, expected.scope_type) as scope_type,
    coalesce(dashboard.scope_id, expected.scope_id) as scope_id,
    coalesce(dashboard.line_key, expected.line_key) as line_key,
    dashboard.customer_count,
    expected.customer_count as listed_count
from {{ model }} as dashboard
full outer join expected
    on
        dashboard.scope_type = expected.scope_type
        and dashboard.scope_id = expected.scope_id
        and dashboard.section_key = expected.section_key
        and dashboard.line_key = expected.line_key
where coalesce(dashboard.customer_count, -1) <> coalesce(expected.customer_count, 0)
{% endtest %}
