with

source as (
    select * from {{ source("raw", "worknet_providers") }}
)

select
    provider_id,
    provider_name,
    lwia_number
from source
