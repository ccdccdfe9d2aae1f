{#- A customer on an "of which" line is on its parent too. -#}
{% test children_within_parent(model) %}
select
    child.section_key,
    child.line_key,
    child.customer_id
from {{ model }} as child
left join {{ model }} as parent
    on
        child.section_key = parent.section_key
        and child.parent_line_key = parent.line_key
        and child.customer_id = parent.customer_id
where child.parent_line_key is not null and parent.customer_id is null
{% endtest %}
