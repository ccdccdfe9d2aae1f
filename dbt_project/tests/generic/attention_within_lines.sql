{#-
  Those with a line of a color are at least as many as on any one line of it, and at most as many as on all of them
  together, over all sections and in each.
-#}
{% test attention_within_lines(model) %}
with

counted as (
    select scope_type, scope_id, colour, 'all' as section_key, customer_count from {{ model }}
    {%- for section in var("sections") %}
    union all
    select scope_type, scope_id, colour, '{{ section }}' as section_key, {{ section }}_count as customer_count
    from {{ model }}
    {%- endfor %}
),

lines as (
    select * from {{ ref("int_sections__dashboard") }}
    where line_key <> 'total'
),

limits as (
    select scope_type, scope_id, colour, section_key, max(customer_count) as least, sum(customer_count) as most
    from lines
    group by scope_type, scope_id, colour, section_key
    union all
    select scope_type, scope_id, colour, 'all' as section_key, max(customer_count) as least, sum(customer_count) as most
    from lines
    group by scope_type, scope_id, colour
)

select counted.*
from counted
left join limits
    on {{ same("counted", "limits", ["scope_type", "scope_id", "colour", "section_key"]) }}
where counted.customer_count not between coalesce(limits.least, 0) and coalesce(limits.most, 0)
{% endtest %}
