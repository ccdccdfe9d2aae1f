{#- The previous count, plus those who entered, minus those who left, is the current count. -#}
{% test movement_adds_up(model) %}
select *
from {{ model }}
where previous_count + entered - {{ adapter.quote("left") }} <> customer_count
{% endtest %}
