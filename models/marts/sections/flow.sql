with

-- Each customer's first observed entry of a month on a line without a parent.
ranked as (
    select
        *,
        {{ first_of_month("valid_from") }} as entered_month,
        row_number() over (
            partition by customer_id, section_key, line_key, {{ first_of_month("valid_from") }}
            order by valid_from
        ) as entry_number
    from {{ ref("int_history__line_stays") }}
    where is_entry_seen and parent_line_key is null
),

entries as (
    select * from ranked
    where entry_number = 1
),

stay_starts as (
    select customer_id, section_key, line_key, colour, valid_from from {{ ref("int_history__line_stays") }}
    where parent_line_key is null
),

-- Where they were from the first day off the line; this may be a line in several sections.
went_on as (
    select
        entries.*,
        stay_starts.section_key as to_section_key,
        stay_starts.line_key as to_line_key,
        case when stay_starts.colour = 'grey' then 'left_to_grey' else 'went_on' end as outcome
    from entries
    inner join stay_starts
        on entries.customer_id = stay_starts.customer_id and entries.valid_to = stay_starts.valid_from
),

nowhere as (
    select
        entries.*,
        {{ no_reason() }} as to_section_key,
        {{ no_reason() }} as to_line_key,
        case when entries.valid_to is null then 'still_there' else 'left' end as outcome
    from entries
    left join went_on
        on {{ same("entries", "went_on", ["customer_id", "section_key", "line_key", "valid_from"]) }}
    where went_on.customer_id is null
),

outcomes as (
    select * from went_on
    union all
    select * from nowhere
),

entered as (
    select
        {{ scope_columns() }},
        section_key,
        line_key,
        entered_month,
        count(*) as entered_count
    from entries
    {{ group_by_scope(["section_key", "line_key", "entered_month"]) }}
),

counted as (
    select
        {{ scope_columns() }},
        section_key,
        line_key,
        entered_month,
        outcome,
        to_section_key,
        to_line_key,
        count(*) as customer_count,
        {{ percentile(percentiles("days", [0.5]), 1) }} as median_days
    from outcomes
    {{ group_by_scope(["section_key", "line_key", "entered_month", "outcome", "to_section_key", "to_line_key"]) }}
),

-- A provider may have left since, or a line; what entered it is still counted, under its key.
lines as (
    select * from {{ ref("lines") }}
),

scopes as (
    select * from {{ ref("int_sections__scopes") }}
)

select
    {{ as_of_date() }} as as_of_date,
    counted.scope_type,
    counted.scope_id,
    coalesce(scopes.scope_name, counted.scope_id) as scope_name,
    counted.entered_month,
    counted.section_key,
    coalesce(lines.section_name, counted.section_key) as section_name,
    counted.line_key,
    coalesce(lines.line_name, counted.line_key) as line_name,
    entered.entered_count,
    counted.outcome,
    counted.to_section_key,
    to_lines.section_name as to_section_name,
    counted.to_line_key,
    to_lines.line_name as to_line_name,
    counted.customer_count,
    cast(counted.median_days as double) as median_days
from counted
inner join entered
    on {{ same("counted", "entered", ["scope_type", "scope_id", "section_key", "line_key", "entered_month"]) }}
left join scopes on counted.scope_type = scopes.scope_type and counted.scope_id = scopes.scope_id
left join lines on counted.line_key = lines.line_key
left join lines as to_lines on counted.to_line_key = to_lines.line_key
