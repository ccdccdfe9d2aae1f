with

source as (
    select * from {{ source("raw", "worknet_applications") }}
)

select
    application_id,
    {{ lower_case("application_id") }} as application_key,
    customer_id,
    prescreening_started_at,
    {{ chicago_date("prescreening_started_at") }} as prescreening_started_on,
    {{ chicago_date("prescreening_completed_at") }} as prescreening_completed_on,
    {{ chicago_date("application_started_at") }} as application_started_on,
    {{ chicago_date("application_submitted_at") }} as application_submitted_on,
    outcome,
    {{ chicago_date("outcome_at") }} as outcome_on
from source
