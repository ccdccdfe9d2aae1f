with

memberships as (
    select
        memberships.section_key,
        memberships.line_key,
        memberships.provider_id,
        memberships.lwia_number,
        coalesce(customers.pathway, '{{ var("no_pathway") }}') as pathway
    from {{ ref("int_lines__memberships") }} as memberships
    inner join {{ ref("int_customers__spine") }} as customers on memberships.customer_id = customers.customer_id
),

counted as (
    select
        {{ scope_columns() }},
        section_key,
        line_key,
        pathway,
        count(*) as customer_count
    from memberships
    {{ group_by_scope(["section_key", "line_key", "pathway"]) }}
),

scopes as (
    select * from {{ ref("int_sections__scopes") }}
),

lines as (
    select * from {{ ref("lines") }}
)

select
    {{ as_of_date() }} as as_of_date,
    counted.scope_type,
    counted.scope_id,
    scopes.scope_name,
    counted.section_key,
    lines.section_name,
    counted.line_key,
    lines.line_name,
    lines.colour,
    counted.pathway,
    counted.customer_count
from counted
inner join scopes on counted.scope_type = scopes.scope_type and counted.scope_id = scopes.scope_id
inner join lines on counted.line_key = lines.line_key
