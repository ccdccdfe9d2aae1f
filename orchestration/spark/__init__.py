"""The models on Apache Spark: what Spark reads, the session that dbt runs in, and what comes back to the warehouse."""
