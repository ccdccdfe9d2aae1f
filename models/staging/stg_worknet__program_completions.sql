with

source as (
    select * from {{ source("raw", "worknet_program_completions") }}
)

select
    customer_id,
    status,
    {{ chicago_date("recorded_at") }} as recorded_on,
    industry_credential,
    postsecondary_credential,
    permanent_employment_status,
    postsecondary_education_status
from source
