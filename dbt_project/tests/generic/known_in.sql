{#- Every value is in the other relation's column. Unlike dbt's own relationships test, it may look
    at some rows only, and returns the values once, with how many rows carry them. -#}
{% test known_in(model, column_name, to, field) %}
select
    here.{{ column_name }},
    count(*) as row_count
from {{ model }} as here
left join {{ to }} as there on here.{{ column_name }} = there.{{ field }}
where here.{{ column_name }} is not null and there.{{ field }} is null
group by here.{{ column_name }}
{% endtest %}
