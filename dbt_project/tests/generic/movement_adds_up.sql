{#- What was there, and who entered, less who left, is what is there now. -#}
{% test movement_adds_up(model) %}
select *
from {{ model }}
where previous_count + entered - {{ adapter.quote("left") }} <> customer_count
{% endtest %}
