with

source as (
    select * from {{ source("raw", "worknet_progress_updates") }}
)

select
    progress_update_id,
    customer_id,
    {{ chicago_date("updated_at") }} as updated_on
from source
