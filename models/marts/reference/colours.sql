select
    colour_number,
    colour,
    colour_name,
    meaning
from {{ ref("dashboard_colours") }}
order by colour_number
