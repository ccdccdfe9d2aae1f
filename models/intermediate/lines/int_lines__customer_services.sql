with

eligible as (
    select customer_id from {{ ref("int_lines__ready_for_enrollment") }}
),

customers as (
    select
        services.*,
        spine.status_date,
        spine.iwds_status = 'applicant' as is_applicant,
        spine.iwds_status = 'registrant' as is_registrant,
        spine.iwds_status in ('registrant', 'exited') as is_registered
    from {{ ref("int_customers__spine") }} as spine
    inner join eligible on spine.customer_id = eligible.customer_id
    inner join {{ ref("int_customers__services") }} as services on spine.customer_id = services.customer_id
    where spine.iwds_status in ('applicant', 'registrant', 'exited')
),

judged as (
    select
        customer_id,
        is_applicant and iwds_service_count = 0 as is_no_iwds_services,
        status_date as no_iwds_services_on,
        (is_applicant or is_registrant) and open_request_on is not null as is_open_request,
        open_request_on,
        (is_applicant and not has_planned_service)
        or (is_registrant and not has_iss_service) as is_no_planned_services,
        status_date as no_planned_services_on,
        is_registered and career_service_on is not null as is_case_management_service,
        career_service_on as case_management_service_on,
        is_registered and training_service_on is not null as is_academic_learning_service,
        training_service_on as academic_learning_service_on,
        is_registered and work_based_learning_service_on is not null as is_work_based_learning_service,
        work_based_learning_service_on,
        is_registered and iwds_credential_on is not null as is_industry_credential,
        iwds_credential_on as industry_credential_on,
        'no_service_line' as unclassified_reason
    from customers
)

{{
    overlapping_lines("judged", [
        "no_iwds_services",
        "open_request",
        "no_planned_services",
        "case_management_service",
        "academic_learning_service",
        "work_based_learning_service",
        "industry_credential",
    ])
}}
