-- Compares the day with each neighboring published day: how many are on a line of a scope on only one of the two days.
with

neighbours as (
    select previous_on, next_on from {{ source("run", "neighbours") }}
),

line_stays as (
    select * from {{ source("run", "line_stays") }}
),

scope_stays as (
    select * from {{ source("run", "scope_stays") }}
),

neighbour_counts as (
    select * from {{ source("run", "neighbour_counts") }}
),

on_day as (
    select section_key, line_key, customer_id, provider_id, lwia_number from {{ ref("int_lines__memberships") }}
),

neighbour_days as (
    select previous_on as as_of_date from neighbours
    where previous_on is not null
    union all
    select next_on as as_of_date from neighbours
    where next_on is not null
),

on_neighbours as (
    select
        neighbour_days.as_of_date,
        line_stays.section_key,
        line_stays.line_key,
        line_stays.customer_id,
        scope_stays.provider_id,
        scope_stays.lwia_number
    from neighbour_days
    inner join line_stays
        on
            line_stays.valid_from <= neighbour_days.as_of_date
            and (line_stays.valid_to is null or line_stays.valid_to > neighbour_days.as_of_date)
    inner join scope_stays
        on
            line_stays.customer_id = scope_stays.customer_id
            and scope_stays.valid_from <= neighbour_days.as_of_date
            and (scope_stays.valid_to is null or scope_stays.valid_to > neighbour_days.as_of_date)
),

known as (
    select as_of_date, section_key, line_key, provider_id, lwia_number, count(*) as customer_count from on_neighbours
    group by as_of_date, section_key, line_key, provider_id, lwia_number
),

known_counts as (
    select
        as_of_date,
        {{ scope_columns() }},
        section_key,
        line_key,
        sum(customer_count) as customer_count
    from known
    {{ group_by_scope(["as_of_date", "section_key", "line_key"]) }}
),

-- Forgotten customers are in the neighbor's counts, but no longer on its lists.
forgotten as (
    select
        neighbour_counts.as_of_date as neighbour_on,
        neighbour_counts.scope_type,
        neighbour_counts.scope_id,
        neighbour_counts.section_key,
        neighbour_counts.line_key,
        0 as day_only_count,
        neighbour_counts.customer_count - coalesce(known_counts.customer_count, 0) as neighbour_only_count
    from neighbour_counts
    left join known_counts
        on {{ same("neighbour_counts", "known_counts", [
            "as_of_date", "scope_type", "scope_id", "section_key", "line_key"
        ]) }}
    where neighbour_counts.customer_count > coalesce(known_counts.customer_count, 0)
),

-- Most customers are where they were, so they drop out before anything is spread over scopes.
only_on_neighbour as (
    select on_neighbours.*
    from on_neighbours
    left join on_day
        on {{ same("on_neighbours", "on_day", [
            "section_key", "line_key", "customer_id", "provider_id", "lwia_number"
        ]) }}
    where on_day.customer_id is null
),

only_on_day as (
    select
        neighbour_days.as_of_date,
        on_day.*
    from neighbour_days
    cross join on_day
    left join on_neighbours
        on
            neighbour_days.as_of_date = on_neighbours.as_of_date
            and {{ same("on_day", "on_neighbours", [
                "section_key", "line_key", "customer_id", "provider_id", "lwia_number"
            ]) }}
    where on_neighbours.customer_id is null
),

neighbour_scopes as (
    select distinct as_of_date, section_key, line_key, customer_id, {{ scope_columns() }} from only_on_neighbour
    {{ group_by_scope(["as_of_date", "section_key", "line_key", "customer_id"]) }}
),

day_scopes as (
    select distinct as_of_date, section_key, line_key, customer_id, {{ scope_columns() }} from only_on_day
    {{ group_by_scope(["as_of_date", "section_key", "line_key", "customer_id"]) }}
),

-- A customer who only changed providers is on the state's lists on both days.
compared as (
    select
        coalesce(day_scopes.as_of_date, neighbour_scopes.as_of_date) as neighbour_on,
        coalesce(day_scopes.scope_type, neighbour_scopes.scope_type) as scope_type,
        coalesce(day_scopes.scope_id, neighbour_scopes.scope_id) as scope_id,
        coalesce(day_scopes.section_key, neighbour_scopes.section_key) as section_key,
        coalesce(day_scopes.line_key, neighbour_scopes.line_key) as line_key,
        day_scopes.customer_id is not null as is_on_day,
        neighbour_scopes.customer_id is not null as is_on_neighbour
    from day_scopes
    full outer join neighbour_scopes
        on {{ same("day_scopes", "neighbour_scopes", [
            "as_of_date", "scope_type", "scope_id", "section_key", "line_key", "customer_id"
        ]) }}
),

counted as (
    select
        neighbour_on,
        scope_type,
        scope_id,
        section_key,
        line_key,
        count(*) filter (where is_on_day and not is_on_neighbour) as day_only_count,
        count(*) filter (where is_on_neighbour and not is_on_day) as neighbour_only_count
    from compared
    group by neighbour_on, scope_type, scope_id, section_key, line_key
    union all
    select * from forgotten
)

select
    neighbour_on,
    scope_type,
    scope_id,
    section_key,
    line_key,
    cast(sum(day_only_count) as bigint) as day_only_count,
    cast(sum(neighbour_only_count) as bigint) as neighbour_only_count
from counted
group by neighbour_on, scope_type, scope_id, section_key, line_key
