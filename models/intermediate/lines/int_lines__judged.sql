with

judged as (
    {% for section in var("sections") -%}
    select
        '{{ section }}' as section_key,
        customer_id,
        line_key,
        since_on,
        unclassified_reason
    from {{ ref("int_lines__" ~ section) }}
    {{ "union all" if not loop.last }}
    {% endfor %}
),

customers as (
    select customer_id, provider_id, lwia_number from {{ ref("stg_worknet__customers") }}
)

select
    judged.section_key,
    judged.customer_id,
    customers.provider_id,
    customers.lwia_number,
    judged.line_key,
    judged.since_on,
    {{ age("judged.since_on") }} as age_days,
    judged.unclassified_reason
from judged
inner join customers on judged.customer_id = customers.customer_id
