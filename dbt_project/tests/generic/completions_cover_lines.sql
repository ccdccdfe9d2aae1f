{#- Every customer on a line for a completion is among the completions of that status. -#}
{% test completions_cover_lines(model) %}
with

statuses as (
    select 'completed_successfully' as line_key, 'successful' as completion_status
    union all
    select 'completed_unsuccessfully' as line_key, 'unsuccessful' as completion_status
    union all
    select 'withdrew' as line_key, 'withdrew' as completion_status
),

added as (
    select scope_type, scope_id, completion_status, sum(customer_count) as customer_count from {{ model }}
    group by scope_type, scope_id, completion_status
)

select lines.scope_type, lines.scope_id, lines.line_key, lines.customer_count, added.customer_count as added
from {{ ref("int_sections__dashboard") }} as lines
inner join statuses on lines.line_key = statuses.line_key
left join added
    on
        {{ same("lines", "added", ["scope_type", "scope_id"]) }}
        and statuses.completion_status = added.completion_status
where lines.customer_count > coalesce(added.customer_count, 0)
{% endtest %}
