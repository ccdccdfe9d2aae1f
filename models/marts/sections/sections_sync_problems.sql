{{ config(alias="sync_problems") }}
with

counted as (
    select
        {{ scope_columns() }},
        sync_status,
        meaning,
        next_step,
        count(*) as customer_count
    from {{ ref("sync_problems") }}
    {{ group_by_scope(["sync_status", "meaning", "next_step"]) }}
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
    counted.meaning,
    counted.next_step,
    counted.customer_count
from counted
inner join scopes on counted.scope_type = scopes.scope_type and counted.scope_id = scopes.scope_id
