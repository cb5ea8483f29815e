"""The door for web servers."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")
application = get_wsgi_application()

from config.safety import refuse_unsafe_start  # noqa: E402 - models load with the application

refuse_unsafe_start()
