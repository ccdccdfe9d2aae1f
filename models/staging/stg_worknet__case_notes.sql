with

source as (
    select * from {{ source("raw", "worknet_case_notes") }}
)

select
    case_note_id,
    customer_id,
    {{ chicago_date("entered_at") }} as entered_on,
    staff_id
from source
