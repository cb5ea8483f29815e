"""What the API promises to show: a field that is lost here is lost to its users."""

ROW_FIELDS = {
    "number", "state", "state_name", "category", "description", "lat", "lng", "place", "critical",
    "cell", "community", "street", "owner", "unit", "created_at", "due_at", "due_words", "light",
    "light_name", "escalated", "raised_to", "answer_due_at", "called", "asked", "suspended_until",
    "countersign_by", "open_parts", "version",
}  # fmt: skip
ISSUE_FIELDS = {
    "source", "source_name", "level", "level_name", "condition", "limit", "district", "unit_phone",
    "doer", "on_behalf", "outcome", "outcome_name", "checked", "returns", "reworks", "handled_at",
    "closed_at", "provisional", "clock", "verbs", "dispatch_reasons", "attachments", "contact",
    "planned_for", "must_visit", "sampled", "judged", "was_late", "exempt", "extensions", "request",
    "parts", "also_cell", "external_number", "shut", "call_back", "links",
}  # fmt: skip
