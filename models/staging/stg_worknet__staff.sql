with

source as (
    select * from {{ source("raw", "worknet_staff") }}
)

select
    staff_id,
    email,
    role,
    provider_id,
    lwia_number
from source
