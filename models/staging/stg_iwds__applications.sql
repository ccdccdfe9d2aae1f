with

source as (
    select * from {{ source("raw", "iwds_applications") }}
)

select
    iwds_application_id,
    iwds_customer_id,
    {{ lower_case("iwds_customer_id") }} as iwds_customer_key,
    worknet_application_id,
    {{ lower_case("worknet_application_id") }} as worknet_application_key,
    {{ name_key("first_name") }} as first_name_key,
    {{ name_key("last_name") }} as last_name_key,
    date_of_birth,
    ssn_last4,
    lwia_number,
    status,
    application_date,
    status_date,
    certified_on,
    exited_on
from source
