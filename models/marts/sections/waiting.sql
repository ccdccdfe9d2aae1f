with

current_stays as (
    select
        {{ scope_columns() }},
        section_key,
        line_key,
        count(*) as customer_count,
        {{ percentiles("age_days", [0.5, 0.75, 0.9]) }} as percentiles,
        max(age_days) as most_days
    from {{ ref("int_lines__memberships") }}
    {{ group_by_scope(["section_key", "line_key"]) }}
),

completed_stays as (
    select
        {{ scope_columns() }},
        section_key,
        line_key,
        count(*) as stay_count,
        {{ percentiles("days", [0.5, 0.75, 0.9]) }} as percentiles,
        max(days) as most_days
    from {{ ref("int_history__line_stays") }}
    where is_entry_seen and valid_to <= {{ as_of_date() }}
    {{ group_by_scope(["section_key", "line_key"]) }}
),

scopes as (
    select * from {{ ref("int_sections__scopes") }}
),

lines as (
    select * from {{ ref("lines") }}
)

select
    {{ as_of_date() }} as as_of_date,
    scopes.scope_type,
    scopes.scope_id,
    scopes.scope_name,
    lines.section_key,
    lines.section_name,
    lines.line_key,
    lines.line_name,
    coalesce(current_stays.customer_count, 0) as customer_count,
    cast({{ percentile("current_stays.percentiles", 1) }} as double) as median_days,
    cast({{ percentile("current_stays.percentiles", 2) }} as double) as p75_days,
    cast({{ percentile("current_stays.percentiles", 3) }} as double) as p90_days,
    current_stays.most_days,
    coalesce(completed_stays.stay_count, 0) as completed_stay_count,
    cast({{ percentile("completed_stays.percentiles", 1) }} as double) as completed_median_days,
    cast({{ percentile("completed_stays.percentiles", 2) }} as double) as completed_p75_days,
    cast({{ percentile("completed_stays.percentiles", 3) }} as double) as completed_p90_days,
    completed_stays.most_days as completed_most_days
from scopes
cross join lines
left join current_stays
    on
        scopes.scope_type = current_stays.scope_type
        and scopes.scope_id = current_stays.scope_id
        and {{ same("lines", "current_stays", ["section_key", "line_key"]) }}
left join completed_stays
    on
        scopes.scope_type = completed_stays.scope_type
        and scopes.scope_id = completed_stays.scope_id
        and {{ same("lines", "completed_stays", ["section_key", "line_key"]) }}
