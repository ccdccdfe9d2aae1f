select
    svc_id as iwds_service_id,
    app_id as iwds_application_id,
    code as service_code,
    name as service_name,
    as_date(begin_date, '%m/%d/%Y') as start_date,
    as_date(end_date, '%m/%d/%Y') as end_date,
    status,
    _file,
    _line
from svc
