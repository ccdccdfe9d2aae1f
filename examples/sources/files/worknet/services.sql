select
    svc_no as worknet_service_id,
    cust_no as customer_id,
    svc_cd as service_code,
    svc_nm as service_name,
    pathway_desc as pathway,
    as_date(beg_dt, '%m/%d/%Y') as start_date,
    stat_desc as status,
    as_timestamp(req_dttm, '%m/%d/%Y %I:%M:%S %p') as requested_at,
    _file,
    _line
from svc
