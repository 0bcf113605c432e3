"""Django's admin with our own site."""

from __future__ import annotations

from django.contrib.admin.apps import AdminConfig


class TieoutAdminConfig(AdminConfig):
    """The site stands outside syncapp.admin: it is made while that package is still being imported."""

    default_site = "config.admin_site.TieoutAdminSite"
