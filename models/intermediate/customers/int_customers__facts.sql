with

open_requests as (
    select
        customer_id,
        {{ dbt.concat(["service_name", "' since '", as_text("open_since_on")]) }} as request
    from {{ ref("int_customers__worknet_services") }}
    where is_open_request
),

requests_by_customer as (
    select customer_id, {{ sorted_list("request") }} as open_requests from open_requests
    group by customer_id
),

-- A fact that doesn't hold is null; one that has nothing to say beyond holding is yes.
facts as (
    select
        spine.customer_id,
        case when spine.recommendation is null then 'yes' end as no_recommendation,
        case when spine.training_program is null then 'yes' end as no_training_program,
        {{ as_text("spine.earlier_review_on") }} as earlier_review_on,
        {{ as_text("spine.last_progress_on") }} as last_progress_on,
        case when spine.last_progress_on is null then 'yes' end as no_progress_update,
        {{ as_text("spine.last_case_note_on") }} as last_case_note_on,
        case when spine.last_case_note_on is null then 'yes' end as no_case_note,
        requests_by_customer.open_requests,
        case when spine.iwds_status = 'applicant' and not services.has_planned_service then 'yes' end as no_plan,
        case when spine.iwds_status = 'registrant' and not services.has_iss_service then 'yes' end as no_iss,
        replace(spine.completion_status, '_', ' ') as completion_status,
        case when spine.completion_status is null then 'yes' end as no_completion,
        {{ as_text("spine.completion_recorded_on") }} as completion_recorded_on,
        case when spine.has_credential then 'yes' end as has_credential,
        case when spine.has_employment then 'yes' end as has_employment,
        case when spine.has_education then 'yes' end as has_education,
        case when not (spine.has_credential or spine.has_employment or spine.has_education) then 'yes' end as no_outcome
    from {{ ref("int_customers__spine") }} as spine
    inner join {{ ref("int_customers__services") }} as services on spine.customer_id = services.customer_id
    left join requests_by_customer on spine.customer_id = requests_by_customer.customer_id
)

select
    customer_id,
    fact,
    fact_value
from facts
unpivot (
    fact_value for fact in (
        no_recommendation,
        no_training_program,
        earlier_review_on,
        last_progress_on,
        no_progress_update,
        last_case_note_on,
        no_case_note,
        open_requests,
        no_plan,
        no_iss,
        completion_status,
        no_completion,
        completion_recorded_on,
        has_credential,
        has_employment,
        has_education,
        no_outcome
    )
)
