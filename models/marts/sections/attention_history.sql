select * from {{ ref("attention") }}
