{#- Exclusive sections put each customer on at most one line without a parent. -#}
{% test one_line_in_exclusive_sections(model) %}
select
    memberships.section_key,
    memberships.customer_id,
    count(*) as line_count
from {{ model }} as memberships
inner join {{ ref("dashboard_sections") }} as sections on memberships.section_key = sections.section_key
where sections.is_exclusive and memberships.parent_line_key is null
group by memberships.section_key, memberships.customer_id
having count(*) > 1
{% endtest %}
