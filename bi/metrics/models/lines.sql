select * from {{ source("sections", "history") }}
where line_key <> 'total'
