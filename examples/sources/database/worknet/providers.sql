select
    org_id as provider_id,
    org_name as provider_name,
    area_no as lwia_number
from wn_organization
