select
    colour_number,
    colour,
    colour_name,
    short_meaning,
    meaning
from {{ ref("dashboard_colours") }}
order by colour_number
