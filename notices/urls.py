"""Addresses of the notices."""

from django.urls import path

from notices.views import inbox, settings, targets, undelivered

urlpatterns = [
    path("", inbox.notice_list, name="notices"),
    path("read/", inbox.mark_read, name="notices_read"),
    path("bell/", inbox.bell, name="notices_bell"),
    path("<int:notice_id>/open/", inbox.open_notice, name="notice_open"),
    path("settings/", settings.notice_settings, name="notice_settings"),
    path("settings/test/", settings.test_channel, name="notice_settings_test"),
    path("undelivered/", undelivered.undelivered, name="notices_undelivered"),
    path("undelivered/retry/", undelivered.retry, name="notices_retry"),
    path("undelivered/give-up/", undelivered.give_up, name="notices_give_up"),
    path("<int:notice_id>/attempts/", undelivered.notice_attempts, name="notice_attempts"),
    path("targets/", targets.targets, name="targets"),
    path("targets/new/", targets.target_new, name="target_new"),
    path("targets/hosts/", targets.host_add, name="allowed_host_add"),
    path("targets/hosts/<int:host_id>/remove/", targets.host_remove, name="allowed_host_remove"),
    path("targets/<int:target_id>/", targets.target_edit, name="target_edit"),
    path("targets/<int:target_id>/<slug:act>/", targets.target_act, name="target_act"),
]
