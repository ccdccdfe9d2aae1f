select
    document_name,
    address
from {{ ref("guide_documents") }}
order by document_name
