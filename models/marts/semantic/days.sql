select cast(day_at as date) as date_day
from generate_series(cast('2020-01-01' as timestamp), {{ as_of_date() }}, interval 1 day) as days (day_at)
