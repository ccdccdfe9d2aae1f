with

applications as (
    select * from {{ ref("stg_worknet__applications") }}
),

ranked as (
    select
        *,
        row_number() over (
            partition by customer_id
            order by prescreening_started_at desc, application_id desc
        ) as recency
    from applications
)

select
    customer_id,
    application_id,
    prescreening_started_on,
    prescreening_completed_on,
    application_started_on,
    application_submitted_on,
    outcome,
    outcome_on
from ranked
where recency = 1
