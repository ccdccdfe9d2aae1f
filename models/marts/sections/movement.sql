with

neighbours as (
    select previous_on, next_on from {{ source("run", "neighbours") }}
),

day_counts as (
    select
        scope_type,
        scope_id,
        scope_name,
        section_key,
        section_name,
        line_key,
        line_name,
        customer_count
    from {{ ref("int_sections__dashboard") }}
    where line_key <> 'total'
),

neighbour_counts as (
    select * from {{ source("run", "neighbour_counts") }}
),

moves as (
    select * from {{ ref("int_history__moves") }}
),

-- The day compared with the one before it.
arrived as (
    select
        {{ as_of_date() }} as as_of_date,
        neighbours.previous_on as previous_as_of_date,
        day_counts.scope_type,
        day_counts.scope_id,
        day_counts.scope_name,
        day_counts.section_key,
        day_counts.section_name,
        day_counts.line_key,
        day_counts.line_name,
        coalesce(before.customer_count, 0) as previous_count,
        coalesce(moves.day_only_count, 0) as entered,
        coalesce(moves.neighbour_only_count, 0) as {{ adapter.quote("left") }},
        day_counts.customer_count
    from neighbours
    inner join day_counts on neighbours.previous_on is not null
    left join neighbour_counts as before
        on
            neighbours.previous_on = before.as_of_date
            and {{ same("day_counts", "before", ["scope_type", "scope_id", "section_key", "line_key"]) }}
    left join moves
        on
            neighbours.previous_on = moves.neighbour_on
            and {{ same("day_counts", "moves", ["scope_type", "scope_id", "section_key", "line_key"]) }}
),

-- An already published day whose preceding day is now this one.
followed as (
    select
        neighbours.next_on as as_of_date,
        {{ as_of_date() }} as previous_as_of_date,
        after.scope_type,
        after.scope_id,
        after.scope_name,
        after.section_key,
        after.section_name,
        after.line_key,
        after.line_name,
        coalesce(day_counts.customer_count, 0) as previous_count,
        coalesce(moves.neighbour_only_count, 0) as entered,
        coalesce(moves.day_only_count, 0) as {{ adapter.quote("left") }},
        after.customer_count
    from neighbours
    inner join neighbour_counts as after on neighbours.next_on = after.as_of_date
    left join day_counts
        on {{ same("after", "day_counts", ["scope_type", "scope_id", "section_key", "line_key"]) }}
    left join moves
        on
            neighbours.next_on = moves.neighbour_on
            and {{ same("after", "moves", ["scope_type", "scope_id", "section_key", "line_key"]) }}
)

select * from arrived
union all
select * from followed
