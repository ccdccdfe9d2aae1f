with

spine as (
    select * from {{ ref("int_customers__spine") }}
)

{% for dates in [application_dates(), iwds_dates()] -%}
{%- set outer_last = loop.last -%}
{%- for earlier in dates -%}
{%- set earlier_index = loop.index -%}
{%- for later in dates[loop.index:] %}
select
    '{{ earlier }}' as earlier_date,
    '{{ later }}' as later_date,
    count(*) as customer_count,
    count(*) filter (where {{ earlier }} > {{ later }}) as out_of_order_count,
    coalesce(1e0 * count(*) filter (where {{ earlier }} > {{ later }}) / nullif(count(*), 0), 0) as out_of_order_share
from spine
where {{ earlier }} is not null and {{ later }} is not null
{{ "union all" if not (outer_last and earlier_index == dates | length - 1 and loop.last) }}
{%- endfor -%}
{%- endfor -%}
{%- endfor %}
