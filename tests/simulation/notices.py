"""Notifications of both products: some twice, some out of order, some never; what they start is worked off."""

from __future__ import annotations

from typing import TYPE_CHECKING

from django.conf import settings

from syncapp.models import Connection, Subscription
from syncapp.services import webhooks
from tests.simulation.books import BILLCOM

if TYPE_CHECKING:
    from tests.simulation.world import World

QBO_URL, BILLCOM_URL = "http://127.0.0.1/of-qbo", "http://127.0.0.1/of-billcom"
TOKEN = "verifier of the simulation"
SIGNATURES = {"qbo": "intuit-signature", "billcom": "x-bill-sha-signature"}


class Notices:
    def __init__(self, world: World) -> None:
        self.world, self.sandbox = world, world.sandbox
        switches = self.sandbox.switches
        switches.webhooks_duplicate = world.chance.random() < 0.5
        switches.webhooks_reorder = world.chance.random() < 0.5
        switches.webhooks_drop_every = world.chance.choice((0, 0, 3))
        settings.QBO_WEBHOOK_TOKEN = TOKEN
        world.secrets.append(TOKEN)
        self.sandbox.webhooks.ask_qbo(QBO_URL, TOKEN)
        self.sandbox.webhooks.ask_billcom(BILLCOM_URL)
        self._subscribe()
        world.step("notifications are on")

    def _subscribe(self) -> None:
        [subscription] = self.sandbox.billcom.organizations[self.world.organization].subscriptions
        Subscription.objects.create(
            connection=Connection.objects.get(company=self.world.company, side=BILLCOM),
            organization_id=self.world.organization,
            remote_id=subscription["id"],
            url=BILLCOM_URL,
            security_key=subscription["key"],
        )
        self.world.secrets.append(subscription["key"])

    def arrive(self) -> None:
        """What is due comes in, and the clock looks at what waits."""
        for post in self.sandbox.webhooks.due():
            receive = webhooks.receive_qbo if post.side == "qbo" else webhooks.receive_billcom
            try:
                receive(post.body, post.headers[SIGNATURES[post.side]], now=self.world.now())
            except webhooks.NotGenuine:
                # The company next door has a subscription too, and we none of its keys.
                self.sandbox.webhooks.answered(post, 401)
                continue
            self.world.counts["notifications"] += 1
            self.sandbox.webhooks.answered(post, 200)
        for run in webhooks.start_runs(self.world.now()):
            self.world.counts["syncs of notifications"] += 1
            self.world.step("a notification starts a sync")
            self.world.work_off(run)
