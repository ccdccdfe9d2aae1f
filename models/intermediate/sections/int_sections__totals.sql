with

judged as (
    select * from {{ ref("int_lines__judged") }}
),

lines as (
    select * from {{ ref("dashboard_lines") }}
),

-- One row per eligible customer and section, so that nobody is counted twice.
eligible as (
    select
        judged.section_key,
        judged.customer_id,
        judged.provider_id,
        judged.lwia_number,
        count(judged.line_key) > 0 as is_on_line,
        count(*) filter (
            where lines.colour in ('green', 'grey') and lines.parent_line_key is null
        ) > 0 as is_on_rate_line
    from judged
    left join lines
        on judged.section_key = lines.section_key and judged.line_key = lines.line_key
    group by judged.section_key, judged.customer_id, judged.provider_id, judged.lwia_number
)

select
    {{ scope_columns() }},
    section_key,
    count(*) as eligible_count,
    count(*) filter (where is_on_line) as total_count,
    count(*) filter (where is_on_rate_line) as rate_base_count
from eligible
{{ group_by_scope(["section_key"]) }}
