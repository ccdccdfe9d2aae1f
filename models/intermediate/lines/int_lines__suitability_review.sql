with

eligible as (
    select customer_id from {{ ref("int_lines__application_status") }}
    where line_key = 'application_submitted'
),

customers as (
    select spine.*
    from {{ ref("int_customers__spine") }} as spine
    inner join eligible on spine.customer_id = eligible.customer_id
),

-- Recommended for enrollment without a training program is still to be reviewed.
judged as (
    select
        *,
        case
            when recommendation = 'not_suitable' then 'review_not_suitable'
            when recommendation = 'declined_to_participate' then 'review_declined'
            when recommendation = 'ready_for_enrollment' and training_program is not null
                then 'ready_for_enrollment'
            else 'ready_for_review'
        end as line_key
    from customers
)

select
    customer_id,
    line_key,
    case line_key
        when 'ready_for_review' then application_submitted_on
        else recommended_on
    end as since_on,
    {{ no_reason() }} as unclassified_reason
from judged
