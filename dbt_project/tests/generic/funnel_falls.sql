{#- No stage has more customers than the one before it, and a stage that is a line has the line's customers. -#}
{% test funnel_falls(model) %}
with

stages as (
    select
        *,
        case when stage_key = 'submitted' then 'application_submitted' else stage_key end as line_key,
        lag(customer_count) over (partition by scope_type, scope_id order by stage_number) as count_before
    from {{ model }}
),

-- Not the registrants: the line of that name leaves out who has completed.
lines as (
    select * from {{ ref("int_sections__dashboard") }}
    where line_key in ('application_submitted', 'ready_for_enrollment', 'completed_successfully')
)

select stages.*, lines.customer_count as line_count
from stages
left join lines
    on {{ same("stages", "lines", ["scope_type", "scope_id", "line_key"]) }}
where stages.customer_count > stages.count_before or stages.customer_count <> lines.customer_count
{% endtest %}
