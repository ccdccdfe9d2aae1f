{% test plain_address(model, column_name) %}
select {{ column_name }} from {{ model }}
where not {{ is_plain_address(column_name) }}
{% endtest %}
