with

memberships as (
    select line_key, customer_id from {{ ref("int_lines__memberships") }}
),

line_facts as (
    select * from {{ ref("line_facts") }}
),

said as (
    select
        memberships.line_key,
        memberships.customer_id,
        line_facts.fact_number,
        {{ filled_in("line_facts.sentence", {"value": "facts.fact_value"}) }} as sentence
    from memberships
    inner join line_facts on memberships.line_key = line_facts.line_key
    inner join {{ ref("int_customers__facts") }} as facts
        on memberships.customer_id = facts.customer_id and line_facts.fact = facts.fact
)

select
    line_key,
    customer_id,
    {{ list_in_order("sentence", "fact_number", "; ") }} as what
from said
group by line_key, customer_id
