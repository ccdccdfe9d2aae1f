{#- A yellow line's red part holds exactly those whose due date has passed. -#}
{% test overdue_beyond_limit(model) %}
select
    yellow.line_key,
    yellow.customer_id
from {{ model }} as yellow
left join {{ model }} as red
    on
        yellow.section_key = red.section_key
        and yellow.line_key = red.parent_line_key
        and yellow.customer_id = red.customer_id
        and red.colour = 'red'
where
    yellow.colour = 'yellow'
    and yellow.due_on is not null
    and (red.customer_id is not null) <> ({{ as_of_date() }} > yellow.due_on)
{% endtest %}
