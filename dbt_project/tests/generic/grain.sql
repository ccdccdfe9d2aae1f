{#- One row per combination of the columns. `coalesce` makes a null a value of its own. -#}
{% test grain(model, columns) %}
select
    {{ columns | join(", ") }},
    count(*) as row_count
from {{ model }}
group by {{ columns | join(", ") }}
having count(*) > 1
{% endtest %}
