{% macro stay_changes(published, day_rows, keys) -%}
{%- set names = keys | join(", ") -%}
with

neighbours as (
    select next_on from {{ source("run", "neighbours") }}
),

on_day as (
    select {{ names }} from {{ day_rows }}
),

stays as (
    select * from {{ published }}
),

covering as (
    select * from stays
    where valid_from <= {{ as_of_date() }} and (valid_to is null or valid_to > {{ as_of_date() }})
),

ended as (
    select * from stays
    where valid_to = {{ as_of_date() }}
),

starting_next as (
    select stays.* from stays
    inner join neighbours on stays.valid_from = neighbours.next_on
),

-- On the line, but not according to the stays.
added as (
    select
        {% for key in keys -%}
        on_day.{{ key }},
        {% endfor -%}
        ended.valid_from as ended_from,
        starting_next.valid_from as next_from,
        coalesce(ended.valid_from, {{ as_of_date() }}) as valid_from,
        case when starting_next.valid_from is not null then starting_next.valid_to else neighbours.next_on end as valid_to
    from on_day
    cross join neighbours
    left join covering on {{ same("on_day", "covering", keys) }}
    left join ended on {{ same("on_day", "ended", keys) }}
    left join starting_next on {{ same("on_day", "starting_next", keys) }}
    where covering.valid_from is null
),

-- Not on the line, although the stays say so.
gone as (
    select
        covering.*,
        neighbours.next_on
    from covering
    cross join neighbours
    left join on_day on {{ same("covering", "on_day", keys) }}
    where on_day.{{ keys[0] }} is null
)

select {{ names }}, ended_from as valid_from, {{ as_of_date() }} as valid_to, true as is_removed from added
where ended_from is not null
union all
select {{ names }}, next_from as valid_from, valid_to, true as is_removed from added
where next_from is not null
union all
select {{ names }}, valid_from, valid_to, true as is_removed from gone
union all
select {{ names }}, valid_from, valid_to, false as is_removed from added
union all
select {{ names }}, valid_from, {{ as_of_date() }} as valid_to, false as is_removed from gone
where valid_from < {{ as_of_date() }}
union all
select {{ names }}, next_on as valid_from, valid_to, false as is_removed from gone
where next_on is not null and (valid_to is null or valid_to > next_on)
{%- endmacro %}
