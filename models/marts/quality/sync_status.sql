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
),

scopes as (
    select * from {{ ref("int_sections__scopes") }}
)

select
    {{ as_of_date() }} as as_of_date,
    counted.scope_type,
    counted.scope_id,
    scopes.scope_name,
    counted.sync_status,
    counted.customer_count
from counted
inner join scopes on counted.scope_type = scopes.scope_type and counted.scope_id = scopes.scope_id
