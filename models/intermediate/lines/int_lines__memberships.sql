with

judged as (
    select * from {{ ref("int_lines__judged") }}
    where line_key is not null
),

lines as (
    select * from {{ ref("dashboard_lines") }}
),

-- Every red line with a parent is the overdue part of the yellow line above it.
limits as (
    select
        lines.section_key,
        lines.line_key as overdue_line_key,
        lines.parent_line_key,
        lines.colour as overdue_colour,
        thresholds.threshold_value as limit_days
    from lines
    inner join {{ ref("thresholds") }} as thresholds on lines.line_key = thresholds.threshold_key
    where lines.colour = 'red' and lines.parent_line_key is not null
),

-- Updates and case notes stop being required; nothing else ends by itself.
endings as (
    {% for section in ["progress_page_update", "case_note_update"] -%}
    select
        '{{ section }}' as section_key,
        customer_id,
        required_until
    from {{ ref("int_lines__update_clocks") }}
    {{ "union all" if not loop.last }}
    {% endfor %}
),

timed as (
    select
        judged.section_key,
        judged.line_key,
        judged.customer_id,
        judged.provider_id,
        judged.lwia_number,
        lines.colour,
        lines.parent_line_key,
        judged.since_on,
        judged.age_days,
        endings.required_until,
        limits.overdue_line_key,
        limits.overdue_colour,
        limits.limit_days
    from judged
    inner join lines
        on judged.section_key = lines.section_key and judged.line_key = lines.line_key
    left join limits
        on judged.section_key = limits.section_key and judged.line_key = limits.parent_line_key
    left join endings
        on judged.section_key = endings.section_key and judged.customer_id = endings.customer_id
),

overdue as (
    select
        section_key,
        overdue_line_key as line_key,
        customer_id,
        provider_id,
        lwia_number,
        overdue_colour as colour,
        line_key as parent_line_key,
        since_on,
        age_days,
        required_until,
        limit_days
    from timed
    where age_days > limit_days
),

memberships as (
    select
        section_key,
        line_key,
        customer_id,
        provider_id,
        lwia_number,
        colour,
        parent_line_key,
        since_on,
        age_days,
        required_until,
        limit_days
    from timed
    union all
    select * from overdue
),

-- The first red day is the one after the due date. Who isn't required to do anything by then never turns red.
due as (
    select
        *,
        case
            when required_until is null or {{ days_after("since_on", "limit_days") }} < required_until
                then {{ days_after("since_on", "limit_days") }}
        end as due_on
    from memberships
)

select
    section_key,
    line_key,
    customer_id,
    provider_id,
    lwia_number,
    colour,
    parent_line_key,
    since_on,
    age_days,
    due_on,
    case
        when colour = 'yellow' and due_on >= {{ as_of_date() }}
            then {{ days_between(as_of_date(), "due_on") }} + 1
    end as days_until_red,
    case
        when age_days > limit_days then age_days - limit_days
        when limit_days is not null and age_days is not null then 0
    end as overdue_days
from due
