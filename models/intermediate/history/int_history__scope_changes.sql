{{
    stay_changes(
        source("run", "scope_stays"),
        ref("stg_worknet__customers"),
        ["customer_id", "provider_id", "lwia_number"]
    )
}}
