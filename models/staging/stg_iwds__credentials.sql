with

source as (
    select * from {{ source("raw", "iwds_credentials") }}
)

select
    iwds_credential_id,
    iwds_application_id,
    credential_type,
    earned_on
from source
