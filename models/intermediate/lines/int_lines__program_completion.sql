with

eligible as (
    select customer_id from {{ ref("int_lines__ready_for_enrollment") }}
),

customers as (
    select
        spine.*,
        spine.iwds_status in ('registrant', 'exited') as is_registered,
        spine.has_credential or spine.has_employment or spine.has_education as has_outcome
    from {{ ref("int_customers__spine") }} as spine
    inner join eligible on spine.customer_id = eligible.customer_id
    where spine.iwds_status in ('applicant', 'registrant', 'exited')
),

completed as (
    select
        *,
        coalesce(completion_status = 'successful' and is_registered and has_outcome, false)
            as is_completed_successfully
    from customers
),

judged as (
    select
        customer_id,
        coalesce(completion_status, 'not_complete') = 'not_complete' as is_not_complete,
        status_date as not_complete_on,
        is_completed_successfully,
        completion_recorded_on as completed_successfully_on,
        is_completed_successfully and has_credential as is_earned_credential,
        completion_recorded_on as earned_credential_on,
        is_completed_successfully and has_employment as is_gained_employment,
        completion_recorded_on as gained_employment_on,
        is_completed_successfully and has_education as is_continued_education,
        completion_recorded_on as continued_education_on,
        coalesce(completion_status = 'unsuccessful' and is_registered and not has_outcome, false)
            as is_completed_unsuccessfully,
        completion_recorded_on as completed_unsuccessfully_on,
        coalesce(completion_status = 'withdrew' and is_registered and not has_outcome, false) as is_withdrew,
        completion_recorded_on as withdrew_on,
        case
            when not is_registered then 'completion_of_applicant'
            when completion_status = 'successful' then 'success_without_outcome'
            when completion_status = 'unsuccessful' then 'failure_with_outcome'
            when completion_status = 'withdrew' then 'withdrawal_with_outcome'
        end as unclassified_reason
    from completed
)

{{
    overlapping_lines("judged", [
        "not_complete",
        "completed_successfully",
        "earned_credential",
        "gained_employment",
        "continued_education",
        "completed_unsuccessfully",
        "withdrew",
    ])
}}
