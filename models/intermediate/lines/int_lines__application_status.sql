with

customers as (
    select * from {{ ref("int_customers__spine") }}
    where application_id is not null
),

-- An outcome comes first, then the furthest step; a later step implies the earlier ones.
judged as (
    select
        *,
        case
            when outcome = 'not_suitable' then 'application_not_suitable'
            when outcome = 'declined' then 'application_declined'
            when application_submitted_on is not null then 'application_submitted'
            when application_started_on is not null then 'application_started'
            when prescreening_completed_on is not null then 'application_not_started'
            else 'prescreening_started'
        end as line_key
    from customers
)

select
    customer_id,
    line_key,
    case line_key
        when 'application_not_suitable' then outcome_on
        when 'application_declined' then outcome_on
        when 'application_submitted' then application_submitted_on
        when 'application_started' then application_started_on
        when 'application_not_started' then prescreening_completed_on
        else prescreening_started_on
    end as since_on,
    {{ no_reason() }} as unclassified_reason
from judged
