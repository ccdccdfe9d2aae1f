"""The models on Apache Spark: its inputs, the session that dbt runs in, and its results in the warehouse."""
