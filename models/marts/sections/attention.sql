with

memberships as (
    select * from {{ ref("int_lines__memberships") }}
),

-- A customer on several lines of a color, and of a section, counts once.
customers as (
    select
        customer_id,
        provider_id,
        lwia_number,
        {% for section in var("sections") -%}
        max(case when section_key = '{{ section }}' then 1 else 0 end) as {{ section }},
        {% endfor -%}
        colour
    from memberships
    group by customer_id, provider_id, lwia_number, colour
),

counted as (
    select
        {{ scope_columns() }},
        colour,
        {% for section in var("sections") -%}
        sum({{ section }}) as {{ section }},
        {% endfor -%}
        count(*) as customer_count
    from customers
    {{ group_by_scope(["colour"]) }}
),

scopes as (
    select * from {{ ref("int_sections__scopes") }}
),

colours as (
    select * from {{ ref("dashboard_colours") }}
)

select
    {{ as_of_date() }} as as_of_date,
    scopes.scope_type,
    scopes.scope_id,
    scopes.scope_name,
    colours.colour,
    colours.colour_name,
    {% for section in var("sections") -%}
    cast(coalesce(counted.{{ section }}, 0) as bigint) as {{ section }}_count,
    {% endfor -%}
    coalesce(counted.customer_count, 0) as customer_count
from scopes
cross join colours
left join counted
    on
        scopes.scope_type = counted.scope_type
        and scopes.scope_id = counted.scope_id
        and colours.colour = counted.colour
