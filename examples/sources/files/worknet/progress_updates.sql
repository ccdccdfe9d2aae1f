select
    prog_no as progress_update_id,
    cust_no as customer_id,
    as_timestamp(upd_dttm, '%m/%d/%Y %I:%M:%S %p') as updated_at,
    _file,
    _line
from prog
