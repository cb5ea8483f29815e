from django.apps import AppConfig


class PartyorgsConfig(AppConfig):
    name = "partyorgs"
