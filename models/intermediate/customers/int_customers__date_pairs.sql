with

customer_dates as (
    select * from {{ ref("customer_dates") }}
),

pairs as (
    select
        earlier.date_number as earlier_number,
        later.date_number as later_number,
        earlier.date_name as earlier_date,
        later.date_name as later_date
    from customer_dates as earlier
    inner join customer_dates as later
        on earlier.sequence_key = later.sequence_key and earlier.date_number < later.date_number
    union all
    select
        earlier.date_number as earlier_number,
        later.date_number as later_number,
        earlier.date_name as earlier_date,
        later.date_name as later_date
    from customer_dates as earlier
    inner join customer_dates as later on earlier.date_name = later.not_before
)

select
    earlier_date,
    later_date,
    row_number() over (order by earlier_number, later_number) as pair_number
from pairs
