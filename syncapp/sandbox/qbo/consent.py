"""The pages on which a person signs in at Intuit, chooses a company and lets the app into it, or does not.

Plain HTML without scripts. The fields are `email`, `password` and `realm`; the buttons say "Sign in", "Connect" and
"No, thanks"."""

from __future__ import annotations

import secrets
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from html import escape
from urllib.parse import urlencode

from syncapp.sandbox.http import Request, Response, html_response, redirect
from syncapp.sandbox.qbo.oauth import CLIENT_ID, OAuth
from syncapp.sandbox.qbo.store import Realm, User

PASSWORD = "sandbox"
#: What the app asks for, and is carried from page to page.
CARRIED = ("client_id", "response_type", "scope", "redirect_uri", "state")

_STYLE = """
body{font:16px/1.5 system-ui,sans-serif;max-width:32rem;margin:3rem auto;padding:0 1rem;color:#222;background:#f6f7f6}
main{background:#fff;border:1px solid #d5d9d5;border-radius:8px;padding:1.5rem}h1{font-size:1.3rem;margin-top:0}
label{display:block;margin:.8rem 0 .2rem}input[type=email],input[type=password]{width:100%;padding:.5rem;font:inherit;
box-sizing:border-box}button{font:inherit;padding:.5rem 1.2rem;margin:1rem .5rem 0 0;border-radius:4px;border:1px solid
#157a3c;background:#157a3c;color:#fff;cursor:pointer}button.plain{background:#fff;color:#157a3c}.wrong{color:#a11}
fieldset{border:0;padding:0}table{border-collapse:collapse;font-size:.85rem}td,th{text-align:left;padding:.1rem .8rem
.1rem 0}details{margin-top:1rem}
"""


@dataclass
class Consent:
    realms: Callable[[], Iterable[Realm]]
    oauth: Callable[[], OAuth]
    accountant: User
    #: Sign-ins on their way to a choice.
    tickets: dict[str, User] = field(default_factory=dict)

    def handle(self, request: Request, now: float) -> Response:
        form = {**request.query, **(request.form() if request.method == "POST" else {})}
        wrong = _wrong(form)
        if wrong:
            return html_response(
                _page("This request cannot be carried out", f"<p class='wrong'>{escape(wrong)}</p>"), 400
            )
        step = form.get("step", "")
        if step == "deny":
            return _back(form, {"error": "access_denied"})
        if step == "sign-in":
            return self._signed_in(form)
        if step == "connect":
            return self._connected(form, now)
        return self._sign_in(form)

    def people(self) -> list[User]:
        return [self.accountant, *(user for realm in self.realms() for user in realm.users)]

    def _sign_in(self, form: dict[str, str], wrong: str = "") -> Response:
        rows = "".join(
            f"<tr><td>{escape(user.email)}</td><td>{escape(user.role)}</td></tr>" for user in self.people()[:20]
        )
        body = f"""
        {_message(wrong)}<form method="post">{_hidden(form)}<input type="hidden" name="step" value="sign-in">
        <label for="email">Email</label><input id="email" name="email" type="email" autocomplete="username" required>
        <label for="password">Password</label>
        <input id="password" name="password" type="password" autocomplete="current-password" required>
        <button type="submit">Sign in</button></form>
        <details><summary>People of this sandbox</summary><p>Everyone's password is <code>{PASSWORD}</code>.</p>
        <table><tr><th>Email</th><th>Role</th></tr>{rows}</table></details>"""
        return html_response(_page("Sign in to your Intuit account", body))

    def _signed_in(self, form: dict[str, str]) -> Response:
        email = form.get("email", "").strip().lower()
        user = next((user for user in self.people() if user.email == email), None)
        if user is None or form.get("password") != PASSWORD:
            return self._sign_in(form, "That email and password do not match.")
        ticket = secrets.token_urlsafe(16)
        self.tickets[ticket] = user
        return self._choose(form, ticket, user)

    def administered(self, user: User) -> list[Realm]:
        """Only an administrator may let an app in, so only those companies are offered."""
        return [realm for realm in self.realms() if user.administers(realm)]

    def _choose(self, form: dict[str, str], ticket: str, user: User, wrong: str = "") -> Response:
        realms = self.administered(user)
        if not realms:
            who = f"{escape(user.email)} ({escape(user.role)})"
            body = f"""<p class="wrong">{who} is not an administrator of any company.
            Ask an administrator to connect the app.</p>{_deny(form)}"""
            return html_response(_page("You need to be an administrator", body))
        choices = "".join(
            f'<label><input type="radio" name="realm" value="{realm.id}" required'
            f"{' checked' if len(realms) == 1 else ''}> {escape(realm.name)}</label>"
            for realm in realms
        )
        body = f"""
        {_message(wrong)}<p>Signed in as {escape(user.email)}.</p><form method="post">{_hidden(form)}
        <input type="hidden" name="step" value="connect"><input type="hidden" name="ticket" value="{escape(ticket)}">
        <fieldset><legend>The app will read and write the books of this company:</legend>{choices}</fieldset>
        <button type="submit">Connect</button></form>{_deny(form)}"""
        return html_response(_page("Choose a company to connect", body))

    def _connected(self, form: dict[str, str], now: float) -> Response:
        ticket = form.get("ticket", "")
        user = self.tickets.get(ticket)
        if user is None:
            return self._sign_in(form, "Please sign in again.")
        realm = form.get("realm", "")
        if realm not in [each.id for each in self.administered(user)]:
            return self._choose(form, ticket, user, "Choose a company.")
        del self.tickets[ticket]
        code = self.oauth().code(realm, user, form["scope"], form["redirect_uri"], now)
        return _back(form, {"code": code, "realmId": realm})


def _wrong(form: dict[str, str]) -> str:
    if form.get("client_id") != CLIENT_ID:
        return "The client_id is unknown."
    if form.get("response_type") != "code":
        return "The response_type must be code."
    if not form.get("redirect_uri", "").startswith(("http://", "https://")):
        return "The redirect_uri is not one of the app's."
    if not form.get("scope"):
        return "The scope is missing."
    return "" if form.get("state") else "The state is missing."


def _back(form: dict[str, str], answer: dict[str, str]) -> Response:
    uri = form["redirect_uri"]
    return redirect(f"{uri}{'&' if '?' in uri else '?'}{urlencode({**answer, 'state': form['state']})}")


def _hidden(form: dict[str, str]) -> str:
    return "".join(
        f'<input type="hidden" name="{name}" value="{escape(form[name])}">' for name in CARRIED if name in form
    )


def _deny(form: dict[str, str]) -> str:
    return f"""<form method="post">{_hidden(form)}<input type="hidden" name="step" value="deny">
    <button class="plain" type="submit">No, thanks</button></form>"""


def _message(wrong: str) -> str:
    return f'<p class="wrong" role="alert">{escape(wrong)}</p>' if wrong else ""


def _page(title: str, body: str) -> str:
    return f"""<!doctype html><html lang="en"><head><meta charset="utf-8"><title>{escape(title)}</title>
<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,"><style>{_STYLE}</style></head>
<body><main><p>Intuit, as the sandbox plays it</p><h1>{escape(title)}</h1>{body}</main></body></html>"""
