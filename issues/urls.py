"""Addresses of the pages."""

from django.urls import path

from issues.views import (
    answers,
    brief,
    cell,
    home,
    issue,
    ladder,
    lists,
    parked,
    photos,
    reports,
    suggestions,
)

urlpatterns = [
    path("", home.home, name="home"),
    path("report/", reports.report_page, name="report"),
    path("places/", reports.place_search, name="place_search"),
    path("issues/", lists.issue_list, name="issue_list"),
    path("issues/<str:number>/", issue.issue_page, name="issue"),
    path("issues/<str:number>/contact/", issue.issue_contact, name="issue_contact"),
    path("issues/<str:number>/<str:verb>/", issue.issue_verb, name="issue_verb"),
    path("brief/", brief.brief, name="brief"),
    path("brief/week/", brief.brief_week, name="brief_week"),
    path("brief/week.xlsx", brief.brief_week_xlsx, name="brief_week_xlsx"),
    path("brief/<str:day>/", brief.brief_day, name="brief_day"),
    path("cell/", cell.my_cell, name="my_cell"),
    path("responsible/", answers.responsible, name="responsible"),
    path("coverage/", home.coverage, name="coverage"),
    path("ladders/", ladder.ladders, name="ladders"),
    path("ladders/<str:use>/", ladder.ladder_edit, name="ladder_edit"),
    path("ladders/<str:use>/<int:level>/", ladder.ladder_rung, name="ladder_rung"),
    path("parked/", parked.parked, name="parked"),
    path("parked/retry/", parked.parked_retry, name="parked_retry"),
    path("suggestion/", suggestions.suggestion, name="suggestion"),
    path("attachments/", photos.upload, name="attachment_upload"),
    path("attachments/<uuid:public_id>/", photos.photo, name="attachment"),
]
