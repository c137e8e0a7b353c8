"""What the products made with Django share: how they are built, seeded and served.

django_site.py migrate|seed|serve SITE DATA [PORT or WORLD]        SITE: folder with settings.py, urls.py and seed.py
"""

# ruff: noqa: I001
import os
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))
import clock  # noqa: F401

from socketserver import ThreadingMixIn
from wsgiref.simple_server import WSGIRequestHandler, WSGIServer, make_server


def common(data: str) -> dict[str, object]:
    """Settings that all these sites have: one SQLite file, no mail, no cache that a reset would have to clear, weak but fast passwords."""
    return {
        "SECRET_KEY": "for a copy that lives as long as an episode",
        "DEBUG": False,
        "ALLOWED_HOSTS": ["127.0.0.1"],
        "DATABASES": {
            "default": {"ENGINE": "django.db.backends.sqlite3", "NAME": str(Path(data, "db.sqlite3")), "OPTIONS": {"timeout": 20}}
        },
        "CACHES": {"default": {"BACKEND": "django.core.cache.backends.dummy.DummyCache"}},
        "EMAIL_BACKEND": "django.core.mail.backends.dummy.EmailBackend",
        "PASSWORD_HASHERS": ["django.contrib.auth.hashers.MD5PasswordHasher"],
        "DEFAULT_AUTO_FIELD": "django.db.models.AutoField",
        "TIME_ZONE": "UTC",
        "USE_TZ": True,
        "LANGUAGE_CODE": "en-gb",
        "STATIC_URL": "/static/",
        "MEDIA_URL": "/media/",
        "MEDIA_ROOT": str(Path(data, "media")),
        "ROOT_URLCONF": "urls",
        "SESSION_COOKIE_AGE": 10**9,
        "LOGGING": {
            "version": 1,
            "disable_existing_loggers": False,
            "handlers": {"log": {"class": "logging.StreamHandler"}},
            "loggers": {"django.request": {"handlers": ["log"], "level": "ERROR", "propagate": False}},
        },
    }


class Server(ThreadingMixIn, WSGIServer):
    daemon_threads = True


class Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


def main(action: str, site: str, data: str, number: str = "0") -> None:
    sys.path.insert(0, str(Path(site).resolve()))
    os.environ["BAKEOFF_DATA"] = data
    os.environ["DJANGO_SETTINGS_MODULE"] = "settings"
    import django

    django.setup()
    if action == "migrate":
        from django.core.management import call_command

        Path(data, "media").mkdir(exist_ok=True)
        call_command("migrate", verbosity=0, run_syncdb=True)
    elif action == "seed":
        import seed

        seed.fill(int(number))
    elif action == "serve":
        from django.contrib.staticfiles.handlers import StaticFilesHandler
        from django.core.wsgi import get_wsgi_application

        make_server("127.0.0.1", int(number), StaticFilesHandler(get_wsgi_application()), Server, Quiet).serve_forever()
    else:
        sys.exit(f"there is no '{action}'")


if __name__ == "__main__":
    main(*sys.argv[1:])
