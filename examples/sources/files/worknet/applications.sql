select
    appl_no as application_id,
    cust_no as customer_id,
    as_timestamp(prescr_beg_dttm, '%m/%d/%Y %I:%M:%S %p') as prescreening_started_at,
    as_timestamp(prescr_end_dttm, '%m/%d/%Y %I:%M:%S %p') as prescreening_completed_at,
    as_timestamp(appl_beg_dttm, '%m/%d/%Y %I:%M:%S %p') as application_started_at,
    as_timestamp(appl_subm_dttm, '%m/%d/%Y %I:%M:%S %p') as application_submitted_at,
    outcome_desc as outcome,  -- landing takes the label of a code for the code
    as_timestamp(outcome_dttm, '%m/%d/%Y %I:%M:%S %p') as outcome_at,
    _file,
    _line
from appl
