with

-- Those whom the section Program Completion Status is about.
customers as (
    select
        spine.*,
        {{ first_of_month("spine.completion_recorded_on") }} as recorded_month
    from {{ ref("int_customers__spine") }} as spine
    inner join {{ ref("int_lines__ready_for_enrollment") }} as ready on spine.customer_id = ready.customer_id
    where
        spine.iwds_status in ('applicant', 'registrant', 'exited')
        and spine.completion_status is not null
),

counted as (
    select
        {{ scope_columns() }},
        recorded_month,
        completion_status,
        count(*) as customer_count,
        count(*) filter (where has_credential) as earned_credential,
        count(*) filter (where has_employment) as gained_employment,
        count(*) filter (where has_education) as continued_education
    from customers
    {{ group_by_scope(["recorded_month", "completion_status"]) }}
),

scopes as (
    select * from {{ ref("int_sections__scopes") }}
)

select
    {{ as_of_date() }} as as_of_date,
    counted.scope_type,
    counted.scope_id,
    scopes.scope_name,
    counted.recorded_month,
    counted.completion_status,
    counted.customer_count,
    counted.earned_credential,
    counted.gained_employment,
    counted.continued_education
from counted
inner join scopes on counted.scope_type = scopes.scope_type and counted.scope_id = scopes.scope_id
