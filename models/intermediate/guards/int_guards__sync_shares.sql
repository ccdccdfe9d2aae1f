with

today as (
    select sync_status, customer_count from {{ ref("sync_status") }}
    where scope_type = 'statewide'
),

before as (
    select sync_status, customer_count from {{ source("run", "previous_sync_status") }}
),

statuses as (
    select sync_status from {{ ref("sync_statuses") }}
),

populations as (
    select
        (select sum(customer_count) from today) as customer_count,
        (select sum(customer_count) from before) as previous_customer_count
)

select
    statuses.sync_status,
    cast(populations.customer_count as bigint) as population,
    cast(populations.previous_customer_count as bigint) as previous_population,
    1e0 * coalesce(today.customer_count, 0) / populations.customer_count as share,
    1e0 * coalesce(before.customer_count, 0) / populations.previous_customer_count as previous_share,
    -- 0 without an earlier day: there is nothing to compare with.
    coalesce(1e2 * abs(
        1e0 * coalesce(today.customer_count, 0) / populations.customer_count
        - 1e0 * coalesce(before.customer_count, 0) / populations.previous_customer_count
    ), 0) as change_points
from statuses
cross join populations
left join today on statuses.sync_status = today.sync_status
left join before on statuses.sync_status = before.sync_status
