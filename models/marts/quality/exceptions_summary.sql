with

customers as (
    select distinct customer_id, provider_id, lwia_number, reason from {{ ref("exceptions") }}
),

counted as (
    select
        {{ scope_columns() }},
        reason,
        count(*) as customer_count
    from customers
    {{ group_by_scope(["reason"]) }}
)

select
    {{ as_of_date() }} as as_of_date,
    scope_type,
    scope_id,
    {{ dbt.concat(["scope_type", "':'", "scope_id"]) }} as scope,
    reason,
    customer_count
from counted
