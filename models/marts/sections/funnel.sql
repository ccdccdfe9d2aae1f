with

-- Each stage is a part of the one before it.
applied as (
    select * from {{ ref("int_customers__spine") }}
    where application_id is not null
),

stages as (
    select * from {{ ref("funnel_stages") }}
),

on_line as (
    select customer_id, line_key from {{ ref("int_lines__memberships") }}
    where line_key in ('application_submitted', 'ready_for_enrollment', 'completed_successfully')
),

reached as (
    select
        applied.customer_id,
        applied.provider_id,
        applied.lwia_number,
        case
            when completed.customer_id is not null then 'completed_successfully'
            when ready.customer_id is not null and applied.iwds_status in ('registrant', 'exited') then 'registrant'
            when ready.customer_id is not null and applied.iwds_status = 'applicant' then 'certified'
            when ready.customer_id is not null then 'ready_for_enrollment'
            when submitted.customer_id is not null then 'submitted'
            else 'applied'
        end as stage_key
    from applied
    left join on_line as submitted
        on applied.customer_id = submitted.customer_id and submitted.line_key = 'application_submitted'
    left join on_line as ready
        on applied.customer_id = ready.customer_id and ready.line_key = 'ready_for_enrollment'
    left join on_line as completed
        on applied.customer_id = completed.customer_id and completed.line_key = 'completed_successfully'
),

counted as (
    select
        {{ scope_columns() }},
        stage_key,
        count(*) as customer_count
    from reached
    {{ group_by_scope(["stage_key"]) }}
),

furthest as (
    select
        counted.*,
        stages.stage_number
    from counted
    inner join stages on counted.stage_key = stages.stage_key
),

scopes as (
    select * from {{ ref("int_sections__scopes") }}
),

-- Who got further was at this stage, too.
at_stage as (
    select
        scopes.scope_type,
        scopes.scope_id,
        scopes.scope_name,
        stages.stage_number,
        stages.stage_key,
        stages.stage_name,
        stages.definition,
        cast(coalesce(sum(furthest.customer_count), 0) as bigint) as customer_count
    from scopes
    cross join stages
    left join furthest
        on
            scopes.scope_type = furthest.scope_type
            and scopes.scope_id = furthest.scope_id
            and stages.stage_number <= furthest.stage_number
    group by
        scopes.scope_type,
        scopes.scope_id,
        scopes.scope_name,
        stages.stage_number,
        stages.stage_key,
        stages.stage_name,
        stages.definition
),

compared as (
    select
        *,
        lag(customer_count) over (partition by scope_type, scope_id order by stage_number) as count_before,
        first_value(customer_count) over (partition by scope_type, scope_id order by stage_number) as first_count
    from at_stage
)

select
    {{ as_of_date() }} as as_of_date,
    scope_type,
    scope_id,
    scope_name,
    stage_number,
    stage_key,
    stage_name,
    definition,
    customer_count,
    cast(customer_count as double) / nullif(count_before, 0) as share_of_stage_before,
    cast(customer_count as double) / nullif(first_count, 0) as share_of_first
from compared
