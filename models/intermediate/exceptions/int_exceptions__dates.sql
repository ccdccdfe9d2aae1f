with

customers as (
    select
        spine.*,
        {{ "services." ~ service_dates() | join(", services.") }}
    from {{ ref("int_customers__spine") }} as spine
    left join {{ ref("int_customers__services") }} as services on spine.customer_id = services.customer_id
),

judged as (
    select
        customer_id,
        {{ dates_after_as_of(judged_dates()) }} as after_as_of,
        {{ dates_out_of_order(application_dates()) }} as application_order,
        {{ dates_out_of_order(iwds_dates()) }} as iwds_order
    from customers
)

select
    customer_id,
    'date_after_as_of' as reason,
    {{ dbt.concat(["'After the as-of date: '", "after_as_of", "'.'"]) }} as detail
from judged
where after_as_of <> ''
union all
select
    customer_id,
    'dates_out_of_order' as reason,
    {{ dbt.concat([
        "'Out of order: '",
        "concat_ws(', ', nullif(application_order, ''), nullif(iwds_order, ''))",
        "'.'"
    ]) }} as detail
from judged
where application_order <> '' or iwds_order <> ''
