select
    system,
    max({{ days_between("as_of_date", as_of_date()) }}) as days_old
from {{ source("run", "deliveries") }}
group by system
