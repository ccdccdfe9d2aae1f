with

dates as (
    select * from {{ ref("int_customers__dates") }}
),

customer_dates as (
    select * from {{ ref("customer_dates") }}
),

pairs as (
    select * from {{ ref("int_customers__date_pairs") }}
),

after_as_of as (
    select
        dates.customer_id,
        customer_dates.date_number as place,
        {{ dbt.concat(["dates.date_name", "' '", as_text("dates.date_on")]) }} as part
    from dates
    inner join customer_dates on dates.date_name = customer_dates.date_name
    where dates.date_on > {{ as_of_date() }}
),

implausible as (
    select
        customer_id,
        date_name as place,
        {{ dbt.concat(["date_name", "' '", as_text("date_on")]) }} as part
    from {{ ref("int_customers__implausible_dates") }}
),

out_of_order as (
    select
        earlier.customer_id,
        pairs.pair_number as place,
        {{ dbt.concat([
            "later.date_name", "' '", as_text("later.date_on"),
            "' before '", "earlier.date_name", "' '", as_text("earlier.date_on")
        ]) }} as part
    from dates as earlier
    inner join pairs on earlier.date_name = pairs.earlier_date
    inner join dates as later
        on earlier.customer_id = later.customer_id and pairs.later_date = later.date_name
    where earlier.date_on > later.date_on
)

select
    customer_id,
    'date_after_as_of' as reason,
    {{ dbt.concat(["'After the as-of date: '", list_in_order("part", "place"), "'.'"]) }} as detail
from after_as_of
group by customer_id
union all
select
    customer_id,
    'date_implausible' as reason,
    {{ dbt.concat(["'Before the program can have started: '", list_in_order("part", "place"), "'.'"]) }} as detail
from implausible
group by customer_id
union all
select
    customer_id,
    'dates_out_of_order' as reason,
    {{ dbt.concat(["'Out of order: '", list_in_order("part", "place"), "'.'"]) }} as detail
from out_of_order
group by customer_id
