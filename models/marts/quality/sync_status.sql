with

customers as (
    select customer_id, provider_id, lwia_number, sync_status from {{ ref("int_customers__spine") }}
),

counted as (
    select
        {{ scope_columns() }},
        sync_status,
        count(*) as customer_count
    from customers
    {{ group_by_scope(["sync_status"]) }}
)

select
    {{ as_of_date() }} as as_of_date,
    scope_type,
    scope_id,
    {{ dbt.concat(["scope_type", "':'", "scope_id"]) }} as scope,
    sync_status,
    customer_count
from counted
