select
    cust_no as customer_id,
    trng_pgm_nm as training_program,
    recomm_desc as recommendation,
    as_timestamp(recomm_dttm, '%m/%d/%Y %I:%M:%S %p') as recommended_at,
    _file,
    _line
from suit
