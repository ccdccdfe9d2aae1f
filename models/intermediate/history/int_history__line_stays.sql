-- The last year's stays, this day included, each with the scope in which it began.
with

changes as (
    select * from {{ ref("int_history__line_changes") }}
),

scope_changes as (
    select * from {{ ref("int_history__scope_changes") }}
),

kept as (
    select stays.* from {{ source("run", "line_stays") }} as stays
    left join changes
        on
            {{ same("stays", "changes", ["customer_id", "section_key", "line_key", "valid_from"]) }}
            and changes.is_removed
    where changes.customer_id is null
),

line_stays as (
    select customer_id, section_key, line_key, valid_from, valid_to from kept
    union all
    select customer_id, section_key, line_key, valid_from, valid_to from changes
    where not is_removed
),

kept_scopes as (
    select stays.* from {{ source("run", "scope_stays") }} as stays
    left join scope_changes
        on
            {{ same("stays", "scope_changes", ["customer_id", "provider_id", "lwia_number", "valid_from"]) }}
            and scope_changes.is_removed
    where scope_changes.customer_id is null
),

scope_stays as (
    select customer_id, provider_id, lwia_number, valid_from, valid_to from kept_scopes
    union all
    select customer_id, provider_id, lwia_number, valid_from, valid_to from scope_changes
    where not is_removed
),

neighbours as (
    select first_on from {{ source("run", "neighbours") }}
)

select
    line_stays.customer_id,
    line_stays.section_key,
    line_stays.line_key,
    lines.colour,
    lines.parent_line_key,
    scope_stays.provider_id,
    scope_stays.lwia_number,
    line_stays.valid_from,
    line_stays.valid_to,
    {{ days_between("line_stays.valid_from", "coalesce(line_stays.valid_to, " ~ as_of_date() ~ ")") }} as days,
    -- A customer who was there on the first published day entered at an unknown time.
    line_stays.valid_from > neighbours.first_on as is_entry_seen
from line_stays
cross join neighbours
inner join {{ ref("dashboard_lines") }} as lines
    on line_stays.section_key = lines.section_key and line_stays.line_key = lines.line_key
inner join scope_stays
    on
        line_stays.customer_id = scope_stays.customer_id
        and scope_stays.valid_from <= line_stays.valid_from
        and (scope_stays.valid_to is null or scope_stays.valid_to > line_stays.valid_from)
where line_stays.valid_from <= {{ as_of_date() }}
