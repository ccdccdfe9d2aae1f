select cast(unnest(range(date '2020-01-01', max(as_of_date) + 1, interval 1 day)) as date) as date_day
from {{ source("sections", "history") }}
