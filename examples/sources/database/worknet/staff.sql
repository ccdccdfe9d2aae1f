select
    wn_user.user_id as staff_id,
    wn_user.email,
    wn_role.role_name as role,
    wn_user.org_id as provider_id,
    wn_user.area_no as lwia_number
from wn_user
left join wn_role on wn_user.role_id = wn_role.role_id
