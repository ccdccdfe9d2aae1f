with

source as (
    select * from {{ source("raw", "worknet_suitability_reviews") }}
)

select
    customer_id,
    training_program,
    recommendation,
    {{ chicago_date("recommended_at") }} as recommended_on
from source
