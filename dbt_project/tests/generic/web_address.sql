{#- Empty or a complete https address without blanks, quotes or angle brackets. -#}
{% test web_address(model, column_name) %}
select {{ column_name }} from {{ model }}
where
    {{ column_name }} is not null
    and not {{ is_web_address(column_name) }}
{% endtest %}
