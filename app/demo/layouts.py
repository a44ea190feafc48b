"""What the tables of the demonstration lake look like: their columns, by kind of table."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Layout:
    """The columns and partition keys of a table, each a name and a type."""

    columns: tuple[tuple[str, str], ...]
    partition_keys: tuple[tuple[str, str], ...] = ()


_TYPES = {"": "string", "i": "bigint", "t": "timestamp", "d": "date", "f": "double", "b": "boolean"}
_TYPES |= {"m": "decimal(18,2)", "n": "int", "a": "array<string>"}


def layout(columns: str, partition_keys: str = "") -> Layout:
    """Read `name name:i name:t`, a column each; the letter is the type, string if none."""

    def read(text: str) -> tuple[tuple[str, str], ...]:
        pairs = (word.partition(":") for word in text.split())
        return tuple((name, _TYPES[letter]) for name, _, letter in pairs)

    return Layout(read(columns), read(partition_keys))


_SEEN = "employee_id:i device_id session_id"

LAYOUTS: dict[str, Layout] = {
    # employee monitoring
    "keystroke_events": layout(
        f"{_SEEN} captured_at:t application window_title key_sequence keystroke_count:n "
        "typing_speed:f backspace_count:n locale",
        "hour:n",
    ),
    "keystroke_sessions": layout(
        f"{_SEEN} started_at:t ended_at:t application raw_keystrokes keystroke_count:n "
        "idle_seconds:n clipboard_text",
        "hour:n",
    ),
    "keystroke_daily": layout(
        "employee_id:i team_id:i day:d active_minutes:n keystroke_count:n words_typed:n "
        "typed_text_sample top_application idle_minutes:n flagged:b",
    ),
    "messages": layout(
        "message_id employee_id:i channel_id sent_at:t sender_id:i recipient_ids:a "
        "message_subject message_body attachment_names:a sentiment:f thread_id",
        "hour:n",
    ),
    "screen_transcripts": layout(
        f"{_SEEN} captured_at:t application screen_text ocr_confidence:f screenshot_uri "
        "display_no:n redacted:b",
        "hour:n",
    ),
    "audio_transcripts": layout(
        "recording_id employee_id:i meeting_id started_at:t duration_seconds:n speaker_label "
        "audio_transcript recording_uri confidence:f language sentiment:f",
        "hour:n",
    ),
    "ai_prompts": layout(
        "request_id employee_id:i assistant asked_at:t prompt_text response_text model_name "
        "tokens_in:n tokens_out:n flagged:b conversation_id",
        "hour:n",
    ),
    "performance_scores": layout(
        "employee_id:i manager_id:i team_id:i cycle performance_score:f productivity_index:f "
        "attendance_rate:f rank_in_team:n flagged_low:b computed_at:t",
    ),
    "performance_reviews": layout(
        "employee_id:i reviewer_id:i team_id:i cycle performance_rating:n review_text "
        "improvement_plan promotion_case:b submitted_at:t review_state",
    ),
    # people of the company
    "payroll": layout(
        "employee_id:i pay_period base_salary:m overtime_pay:m bonus_amount:m tax_withheld:m "
        "net_pay:m bank_account currency paid_on:d cost_center",
    ),
    "salary_bands": layout(
        "grade region job_family salary_min:m salary_mid:m salary_max:m currency valid_from:d "
        "valid_to:d approved_by:i",
    ),
    "claims": layout(
        "claim_id employee_id:i dependent_id:i provider diagnosis_code treatment claim_amount:m "
        "filed_on:d claim_state plan_id",
    ),
    "enrollment": layout(
        "employee_id:i plan_id plan_name coverage_level health_plan dependents:n premium:m "
        "effective_from:d effective_to:d enrolled_at:t",
    ),
    "medical_absence": layout(
        "employee_id:i absence_id medical_reason diagnosis_code doctor_note starts_on:d ends_on:d "
        "days:n approved_by:i recorded_at:t",
    ),
    "credentials": layout(
        "service_name environment username password_hash api_key secret_version:n rotated_at:t "
        "expires_at:t owner_team vault_path",
    ),
    # customers
    "customers": layout(
        "customer_id:i full_name email phone_number date_of_birth:d postal_address city country "
        "created_at:t segment marketing_consent:b",
    ),
    "support_tickets": layout(
        "ticket_id customer_id:i customer_email opened_at:t closed_at:t topic summary priority:n "
        "agent_id:i satisfaction:n",
        "day:d",
    ),
    "accounts": layout(
        "account_id:i customer_id:i account_name industry employees:n country phone_number "
        "email owner_id:i created_at:t",
    ),
    "contact_list": layout(
        "customer_id:i customer_full_name customer_email customer_phone country segment "
        "list_name imported_at:t source_file marketing_consent:b",
    ),
    # the ordinary rest
    "orders": layout(
        "order_id:i account_id:i ordered_at:t status currency net_amount:m tax_amount:m "
        "sales_channel store_id:i units:n",
        "day:d",
    ),
    "order_lines": layout(
        "order_id:i line_no:n product_id:i quantity:n unit_price:m discount:m promotion_id:i "
        "warehouse_id:i shipped_at:t returned:b",
        "day:d",
    ),
    "pipeline": layout(
        "opportunity_id:i account_id:i stage expected_amount:m currency probability:f "
        "expected_close:d region product_line updated_at:t",
    ),
    "ledger": layout(
        "entry_id:i ledger_account cost_center posted_on:d debit:m credit:m currency fx_rate:f "
        "source_system document_no",
    ),
    "invoices": layout(
        "invoice_id:i supplier_id:i issued_on:d due_on:d net_amount:m vat_amount:m currency "
        "payment_state purchase_order ledger_account",
    ),
    "campaigns": layout(
        "campaign_id:i channel starts_on:d ends_on:d budget:m currency impressions:i clicks:i "
        "conversions:i country",
    ),
    "web_events": layout(
        "event_id visitor_key page_path referrer_host occurred_at:t event_name country "
        "device_class campaign_id:i duration_ms:i",
        "hour:n",
    ),
    "host_metrics": layout(
        "host service_name measured_at:t cpu_load:f memory_used:i disk_used:i network_in:i "
        "network_out:i status_code:n datacenter",
        "hour:n",
    ),
    "deployments": layout(
        "deployment_id service_name version environment started_at:t finished_at:t outcome "
        "commit_id change_ticket rolled_back:b",
    ),
    "features": layout(
        "entity_id:i feature_set as_of:t feature_01:f feature_02:f feature_03:f feature_04:f "
        "feature_05:f label:f split",
    ),
    "training_runs": layout(
        "run_id model_name dataset_version started_at:t finished_at:t learning_rate:f epochs:n "
        "loss:f accuracy:f artifact_uri",
    ),
    "shipments": layout(
        "shipment_id:i order_id:i carrier left_at:t arrived_at:t origin_site destination_site "
        "weight_kg:f pallets:n freight_cost:m",
        "day:d",
    ),
    "reference": layout(
        "code label description valid_from:d valid_to:d parent_code sort_order:n active:b "
        "updated_at:t source_system",
    ),
    "scratch": layout(
        "row_id:i created_at:t bucket dimension_a dimension_b measure_a:f measure_b:f "
        "measure_c:f sample_weight:f comment_text",
    ),
}

#: How many of a table's first columns an ordinary view of it shows.
VIEW_COLUMNS = 6
LAYOUTS |= {
    f"view of {name}": Layout(table.columns[:VIEW_COLUMNS]) for name, table in LAYOUTS.items()
}
LAYOUTS["view of a count"] = layout("number_of_rows:i")
LAYOUTS["activity overview"] = layout(
    "employee_id:i typed_text_sample keystroke_count:n active_minutes:n message_body"
)
LAYOUT_IDS = {name: number for number, name in enumerate(LAYOUTS)}
