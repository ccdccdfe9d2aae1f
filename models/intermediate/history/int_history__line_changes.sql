{{
    stay_changes(
        source("run", "line_stays"),
        ref("int_lines__memberships"),
        ["customer_id", "section_key", "line_key"]
    )
}}
