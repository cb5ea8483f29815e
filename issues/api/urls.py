"""Addresses of the API below /api/v1/."""

from django.urls import path

from issues.api import similar, views, wouldbe

urlpatterns = [
    path("cells/locate/", views.CellLocate.as_view(), name="api_locate"),
    path("responsible/", views.Responsible.as_view(), name="api_responsible"),
    path("would-be/", wouldbe.WouldBeView.as_view(), name="api_would_be"),
    path("categories/", views.Categories.as_view(), name="api_categories"),
    path("places/", views.Places.as_view(), name="api_places"),
    path("attachments/", views.Attachments.as_view(), name="api_attachments"),
    path("issues/", views.Issues.as_view(), name="api_issues"),
    path("issues/similar/", similar.Similar.as_view(), name="api_similar"),
    path("issues/<str:number>/", views.OneIssue.as_view(), name="api_issue"),
    path("issues/<str:number>/events/", views.IssueEvents.as_view(), name="api_events"),
    path("issues/<str:number>/contact/", views.IssueContact.as_view(), name="api_contact"),
    path("issues/<str:number>/<str:verb>/", views.IssueVerb.as_view(), name="api_verb"),
]
