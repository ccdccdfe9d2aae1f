{{
    stay_changes(
        source("run", "nearby_scope_stays"),
        ref("stg_worknet__customers"),
        ["customer_id", "provider_id", "lwia_number"]
    )
}}
