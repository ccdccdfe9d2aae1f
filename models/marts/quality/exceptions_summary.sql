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
),

scopes as (
    select * from {{ ref("int_sections__scopes") }}
)

select
    {{ as_of_date() }} as as_of_date,
    counted.scope_type,
    counted.scope_id,
    scopes.scope_name,
    counted.reason,
    counted.customer_count
from counted
inner join scopes on counted.scope_type = scopes.scope_type and counted.scope_id = scopes.scope_id
