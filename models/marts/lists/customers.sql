with

spine as (
    select * from {{ ref("int_customers__spine") }}
),

providers as (
    select provider_id, provider_name from {{ ref("stg_worknet__providers") }}
),

staff as (
    select staff_id, {{ plain_address("email") }} as email from {{ ref("stg_worknet__staff") }}
),

lines_by_customer as (
    select
        customer_id,
        count(*) filter (where colour = 'red') as red_lines,
        count(*) filter (where colour = 'yellow') as yellow_lines
    from {{ ref("int_lines__memberships") }}
    group by customer_id
)

select
    {{ as_of_date() }} as as_of_date,
    spine.customer_id,
    spine.first_name,
    spine.last_name,
    spine.provider_id,
    providers.provider_name,
    spine.lwia_number,
    spine.career_planner_staff_id,
    staff.email as career_planner_email,
    spine.pathway,
    spine.training_program,
    spine.prescreening_started_on as prescreening_started_at,
    spine.prescreening_completed_on as prescreening_completed_at,
    spine.application_started_on as application_started_at,
    spine.application_submitted_on as application_submitted_at,
    spine.outcome,
    spine.outcome_on as outcome_at,
    spine.recommendation,
    spine.recommended_on as recommended_at,
    spine.sync_status,
    spine.iwds_status,
    spine.application_date,
    spine.status_date,
    spine.certified_on,
    spine.exited_on,
    spine.last_progress_on as last_progress_update,
    spine.last_case_note_on as last_case_note,
    spine.completion_status,
    spine.completion_recorded_on as recorded_at,
    spine.has_credential as earned_credential,
    spine.has_employment as gained_employment,
    spine.has_education as continued_education,
    coalesce(lines_by_customer.red_lines, 0) as red_lines,
    coalesce(lines_by_customer.yellow_lines, 0) as yellow_lines,
    {{ customer_url("spine.customer_id") }} as customer_url
from spine
left join providers on spine.provider_id = providers.provider_id
left join staff on spine.career_planner_staff_id = staff.staff_id
left join lines_by_customer on spine.customer_id = lines_by_customer.customer_id
