select
    note_no as case_note_id,
    cust_no as customer_id,
    as_timestamp(entry_dttm, '%m/%d/%Y %I:%M:%S %p') as entered_at,
    usr_id as staff_id,
    _file,
    _line
from note
