with

customer_dates as (
    select * from {{ ref("customer_dates") }}
)

select
    earlier.date_name as earlier_date,
    later.date_name as later_date,
    row_number() over (order by earlier.date_number, later.date_number) as pair_number
from customer_dates as earlier
inner join customer_dates as later
    on earlier.sequence_key = later.sequence_key and earlier.date_number < later.date_number
