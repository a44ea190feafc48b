"""Names that every lake is full of: a pattern that matches several of them is sloppy."""

_COLUMNS = """
    id uuid key name title status state type code value amount price total quantity count
    currency description comment created_at updated_at deleted_at created_by updated_by
    start_date end_date event_time timestamp date day hour year month version source country
    region city language category channel product_id product_name order_id order_date
    account_id account_name user_id user_name customer_id event_id event_name session_id
    request_id message_id job_name file_name host_name table_name column_name model_name
    device_id device_type url path ip_address rank score level flag is_active notes text
"""
_TABLES = """
    orders order_lines order_items products product_catalog customers accounts invoices payments
    shipments inventory events page_views clicks sessions campaigns dim_date dim_product
    dim_customer fact_sales fact_orders daily_summary monthly_report users_daily logs audit_log
    metrics features training_data predictions staging_orders tmp_export raw_events reference
"""
_DATABASES = """
    default raw staging curated analytics reporting sales finance marketing crm support ops ml
    sandbox tmp archive warehouse product web mobile billing logistics bi dwh landing
"""

ORDINARY_NAMES: dict[str, tuple[str, ...]] = {
    "columns": tuple(_COLUMNS.split()),
    "tables": tuple(_TABLES.split()),
    "databases": tuple(_DATABASES.split()),
    "tags": ("gold", "silver", "bronze", "daily", "certified", "deprecated", "owner"),
}
