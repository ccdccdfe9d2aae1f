with

dates as (
    select * from {{ ref("int_customers__dates") }}
),

pairs as (
    select * from {{ ref("int_customers__date_pairs") }}
),

counted as (
    select
        pairs.pair_number,
        count(*) as customer_count,
        count(*) filter (where earlier.date_on > later.date_on) as out_of_order_count
    from dates as earlier
    inner join pairs on earlier.date_name = pairs.earlier_date
    inner join dates as later
        on earlier.customer_id = later.customer_id and pairs.later_date = later.date_name
    group by pairs.pair_number
)

select
    pairs.earlier_date,
    pairs.later_date,
    coalesce(counted.customer_count, 0) as customer_count,
    coalesce(counted.out_of_order_count, 0) as out_of_order_count,
    coalesce(1e0 * counted.out_of_order_count / counted.customer_count, 0) as out_of_order_share
from pairs
left join counted on pairs.pair_number = counted.pair_number
