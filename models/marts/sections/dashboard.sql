{{ config(materialized="view") }}
{% for section in var("sections") -%}
select * from {{ ref(section) }}
{{ "union all" if not loop.last }}
{% endfor %}
