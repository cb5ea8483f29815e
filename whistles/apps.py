from django.apps import AppConfig


class WhistlesConfig(AppConfig):
    name = "whistles"
