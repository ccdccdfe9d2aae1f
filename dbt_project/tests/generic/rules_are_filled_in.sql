{% test rules_are_filled_in(model) %}
select line_key, rule from {{ model }}
where position('{' in rule) > 0
{% endtest %}
