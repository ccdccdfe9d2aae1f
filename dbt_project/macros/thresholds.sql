{#- The value of one threshold of `seeds/thresholds.csv`, as a scalar subquery. -#}
{% macro threshold(key) -%}
    (select threshold_value from {{ ref("thresholds") }} where threshold_key = '{{ key }}')
{%- endmacro %}
