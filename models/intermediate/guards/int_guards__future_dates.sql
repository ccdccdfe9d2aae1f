with

dates as (
    select * from {{ ref("int_customers__dates") }}
),

customer_dates as (
    select * from {{ ref("customer_dates") }}
),

counted as (
    select
        date_name,
        count(*) as customer_count,
        count(*) filter (where date_on > {{ as_of_date() }}) as after_as_of_count
    from dates
    group by date_name
)

select
    customer_dates.date_name,
    coalesce(counted.customer_count, 0) as customer_count,
    coalesce(counted.after_as_of_count, 0) as after_as_of_count,
    coalesce(1e0 * counted.after_as_of_count / counted.customer_count, 0) as after_as_of_share
from customer_dates
left join counted on customer_dates.date_name = counted.date_name
