with

customers as (
    select * from {{ ref("stg_worknet__customers") }}
),

applications as (
    select * from {{ ref("int_customers__applications") }}
),

-- A review or a completion from before the application that counts is about an earlier one.
dated_reviews as (
    select
        reviews.*,
        coalesce(reviews.recommended_on < applications.counts_from, false) as is_earlier
    from {{ ref("stg_worknet__suitability_reviews") }} as reviews
    left join applications on reviews.customer_id = applications.customer_id
),

reviews as (
    select * from dated_reviews
    where not is_earlier
),

earlier_reviews as (
    select * from dated_reviews
    where is_earlier
),

sync as (
    select * from {{ ref("int_customers__sync_status") }}
),

-- IWDS counts only for a customer who is synced.
iwds as (
    select iwds_applications.*
    from {{ ref("int_customers__iwds_applications") }} as iwds_applications
    inner join sync on iwds_applications.customer_id = sync.customer_id
    where sync.sync_status = 'synced'
),

progress as (
    select customer_id, max(updated_on) as last_progress_on
    from {{ ref("stg_worknet__progress_updates") }}
    group by customer_id
),

case_notes as (
    select customer_id, max(entered_on) as last_case_note_on
    from {{ ref("stg_worknet__case_notes") }}
    group by customer_id
),

completions as (
    select completions.*
    from {{ ref("stg_worknet__program_completions") }} as completions
    left join applications on completions.customer_id = applications.customer_id
    where not coalesce(completions.recorded_on < applications.counts_from, false)
)

select
    customers.customer_id,
    customers.provider_id,
    customers.lwia_number,
    customers.first_name,
    customers.last_name,
    customers.pathway,
    customers.career_planner_staff_id,
    applications.application_id,
    applications.prescreening_started_on,
    applications.prescreening_completed_on,
    applications.application_started_on,
    applications.application_submitted_on,
    applications.outcome,
    applications.outcome_on,
    applications.newer_application_id,
    applications.newer_started_on,
    reviews.training_program,
    reviews.recommendation,
    reviews.recommended_on,
    earlier_reviews.recommended_on as earlier_review_on,
    sync.sync_status,
    sync.iwds_customer_id,
    iwds.iwds_application_id,
    iwds.status as iwds_status,
    iwds.status_date,
    iwds.application_date,
    iwds.certified_on,
    iwds.exited_on,
    progress.last_progress_on,
    case_notes.last_case_note_on,
    completions.status as completion_status,
    completions.recorded_on as completion_recorded_on,
    coalesce(
        completions.industry_credential or completions.postsecondary_credential, false
    ) as has_credential,
    coalesce(completions.permanent_employment_status in ('started', 'open'), false) as has_employment,
    coalesce(completions.postsecondary_education_status in ('started', 'open'), false) as has_education
from customers
left join applications on customers.customer_id = applications.customer_id
left join reviews on customers.customer_id = reviews.customer_id
left join earlier_reviews on customers.customer_id = earlier_reviews.customer_id
left join sync on customers.customer_id = sync.customer_id
left join iwds on customers.customer_id = iwds.customer_id
left join progress on customers.customer_id = progress.customer_id
left join case_notes on customers.customer_id = case_notes.customer_id
left join completions on customers.customer_id = completions.customer_id
