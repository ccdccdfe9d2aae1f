{#- One row per combination of the columns; a null is a value of its own. -#}
{% test grain(model, columns) %}
with

repeated as (
    {{ repeated(model, columns) }}
)

select
    {{ columns | join(", ") }},
    count(*) as row_count
from repeated
group by {{ columns | join(", ") }}
having count(*) > 1
{% endtest %}
