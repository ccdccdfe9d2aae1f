select date_day
from {{ every_day("cast('2020-01-01' as date)", as_of_date()) }}
