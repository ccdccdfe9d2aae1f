with

customers as (
    select
        spine.*,
        {{ "services." ~ service_dates() | join(", services.") }}
    from {{ ref("int_customers__spine") }} as spine
    left join {{ ref("int_customers__services") }} as services on spine.customer_id = services.customer_id
)

{% for day in judged_dates() -%}
select
    '{{ day }}' as date_name,
    count({{ day }}) as customer_count,
    count(*) filter (where {{ day }} > {{ as_of_date() }}) as after_as_of_count,
    coalesce(
        1e0 * count(*) filter (where {{ day }} > {{ as_of_date() }}) / nullif(count({{ day }}), 0), 0
    ) as after_as_of_share
from customers
{{ "union all" if not loop.last }}
{% endfor %}
