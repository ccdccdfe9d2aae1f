select
    usr.usr_id as staff_id,
    usr.email_addr as email,
    coalesce(roles.code, usr.role_desc) as role,  -- roles.csv; an unknown label goes to quarantine as it is
    usr.org_no as provider_id,
    usr.lwia as lwia_number,
    usr._file,
    usr._line
from usr
left join roles on usr.role_desc = roles.label
