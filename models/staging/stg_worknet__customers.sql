with

source as (
    select * from {{ source("raw", "worknet_customers") }}
)

select
    customer_id,
    provider_id,
    lwia_number,
    first_name,
    last_name,
    {{ name_key("first_name") }} as first_name_key,
    {{ name_key("last_name") }} as last_name_key,
    date_of_birth,
    ssn_last4,
    pathway,
    career_planner_staff_id,
    iwds_customer_id,
    {{ lower_case("iwds_customer_id") }} as iwds_customer_key
from source
