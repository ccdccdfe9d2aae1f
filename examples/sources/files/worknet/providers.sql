select
    org_no as provider_id,
    org_nm as provider_name,
    lwia as lwia_number,
    _file,
    _line
from org
