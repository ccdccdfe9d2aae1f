with

lines as (
    select * from {{ ref("dashboard_lines") }}
),

thresholds as (
    select * from {{ ref("thresholds") }}
),

overdue as (
    select
        lines.line_key,
        lines.parent_line_key,
        thresholds.threshold_value as limit_days
    from lines
    inner join thresholds on lines.line_key = thresholds.threshold_key
    where lines.colour = 'red' and lines.parent_line_key is not null
),

-- A yellow line and the red line below it share their limit.
limits as (
    select line_key, limit_days from overdue
    union all
    select parent_line_key as line_key, limit_days from overdue
)

select
    sections.section_number,
    lines.section_key,
    sections.section_name,
    lines.line_number,
    lines.line_key,
    lines.line_name,
    lines.colour,
    lines.parent_line_key,
    lines.definition,
    lines.next_steps,
    {{ rule_sentence("lines.rule") }} as rule,
    cast(limits.limit_days as integer) as limit_days
from lines
inner join {{ ref("dashboard_sections") }} as sections on lines.section_key = sections.section_key
left join limits on lines.line_key = limits.line_key
order by sections.section_number, lines.line_number
