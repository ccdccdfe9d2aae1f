with

eligible as (
    select customer_id from {{ ref("int_lines__ready_for_enrollment") }}
),

customers as (
    select spine.*
    from {{ ref("int_customers__spine") }} as spine
    inner join eligible on spine.customer_id = eligible.customer_id
)

select
    customer_id,
    coalesce(last_progress_on, recommended_on) as progress_reference_on,
    last_case_note_on,
    coalesce(last_case_note_on, recommended_on) as case_note_reference_on,
    case
        when iwds_status = 'exited' then {{ years_after("exited_on", threshold("updates_required_after_exit")) }}
    end as required_until
from customers
