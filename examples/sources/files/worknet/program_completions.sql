select
    cust_no as customer_id,
    stat_desc as status,
    as_timestamp(rec_dttm, '%m/%d/%Y %I:%M:%S %p') as recorded_at,
    ind_cred_ind as industry_credential,  -- Y and N are booleans for landing
    ps_cred_ind as postsecondary_credential,
    empl_stat_desc as permanent_employment_status,
    ps_ed_stat_desc as postsecondary_education_status,
    _file,
    _line
from compl
