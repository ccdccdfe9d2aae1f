with

today as (
    select provider_id, count(*) as customer_count from {{ ref("stg_worknet__customers") }}
    group by provider_id
),

before as (
    select provider_id, customer_count from {{ source("run", "providers_before") }}
)

select
    before.provider_id,
    before.customer_count as customers_before,
    coalesce(today.customer_count, 0) as customers_today,
    1e0 * (before.customer_count - coalesce(today.customer_count, 0)) / before.customer_count as lost_share
from before
left join today on before.provider_id = today.provider_id
