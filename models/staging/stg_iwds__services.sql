with

source as (
    select * from {{ source("raw", "iwds_services") }}
)

select
    iwds_service_id,
    iwds_application_id,
    service_code,
    service_name,
    {{ service_name_key("service_name") }} as service_name_key,
    start_date,
    end_date,
    status
from source
