select
    wn_service.service_no as worknet_service_id,
    wn_service.youth_no as customer_id,
    wn_service.code as service_code,
    wn_service.name as service_name,
    wn_pathway.pathway_name as pathway,
    wn_service.begin_date as start_date,
    wn_status.status_name as status,
    wn_service.requested as requested_at
from wn_service
left join wn_pathway on wn_service.pathway_id = wn_pathway.pathway_id
left join wn_status on wn_service.status_id = wn_status.status_id
