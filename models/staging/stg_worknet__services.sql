with

source as (
    select * from {{ source("raw", "worknet_services") }}
)

select
    worknet_service_id,
    customer_id,
    service_code,
    service_name,
    {{ service_name_key("service_name") }} as service_name_key,
    pathway,
    start_date,
    status,
    {{ chicago_date("requested_at") }} as requested_on
from source
