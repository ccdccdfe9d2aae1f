with

customers as (
    select
        spine.*,
        services.open_request_on,
        services.career_service_on,
        services.training_service_on,
        services.work_based_learning_service_on,
        services.iwds_credential_on
    from {{ ref("int_customers__spine") }} as spine
    left join {{ ref("int_customers__services") }} as services on spine.customer_id = services.customer_id
)

-- A date that a customer doesn't have gives no row.
select
    customer_id,
    date_name,
    date_on
from customers
unpivot (
    date_on for date_name in (
        prescreening_started_on,
        prescreening_completed_on,
        application_started_on,
        application_submitted_on,
        recommended_on,
        application_date,
        certified_on,
        exited_on,
        outcome_on,
        status_date,
        last_progress_on,
        last_case_note_on,
        completion_recorded_on,
        open_request_on,
        career_service_on,
        training_service_on,
        work_based_learning_service_on,
        iwds_credential_on
    )
)
