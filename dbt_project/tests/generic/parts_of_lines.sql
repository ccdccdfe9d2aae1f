{#- The parts of each line add up to its count; `line` names the line where the model has no line_key. -#}
{% test parts_of_lines(model, line=none) %}
with

parts as (
    select
        scope_type,
        scope_id,
        {{ "'" ~ line ~ "'" if line else "line_key" }} as line_key,
        customer_count
    from {{ model }}
),

added as (
    select scope_type, scope_id, line_key, sum(customer_count) as customer_count from parts
    group by scope_type, scope_id, line_key
),

lines as (
    select * from {{ ref("int_sections__dashboard") }}
    where {{ "line_key = '" ~ line ~ "'" if line else "line_key <> 'total'" }}
)

select lines.scope_type, lines.scope_id, lines.line_key, lines.customer_count, added.customer_count as added
from lines
full outer join added
    on {{ same("lines", "added", ["scope_type", "scope_id", "line_key"]) }}
where coalesce(lines.customer_count, 0) <> coalesce(added.customer_count, 0)
{% endtest %}
