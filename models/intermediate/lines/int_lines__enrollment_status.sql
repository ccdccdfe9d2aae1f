with

eligible as (
    select customer_id from {{ ref("int_lines__ready_for_enrollment") }}
),

customers as (
    select spine.*
    from {{ ref("int_customers__spine") }} as spine
    inner join eligible on spine.customer_id = eligible.customer_id
),

judged as (
    select
        *,
        case
            when iwds_status is null then 'not_synced'
            when iwds_status = 'inquirant' then 'inquirant'
            when iwds_status = 'applicant' then 'applicant'
            when iwds_status = 'registrant' and completion_status in ('successful', 'unsuccessful')
                then 'completed_registrant'
            when iwds_status = 'registrant' then 'registrant'
            when iwds_status = 'exited' then 'completed_exited'
        end as line_key
    from customers
)

select
    customer_id,
    line_key,
    case line_key
        when 'not_synced' then recommended_on
        when 'completed_registrant' then coalesce(completion_recorded_on, status_date)
        when 'completed_exited' then coalesce(exited_on, status_date)
        else status_date
    end as since_on,
    {{ no_reason() }} as unclassified_reason
from judged
