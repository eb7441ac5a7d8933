"""A logged-in person on a server of ours: cookie and CSRF token kept, connection kept open."""

from __future__ import annotations

from collections.abc import Mapping
from types import TracebackType
from typing import Any

import httpx

TIMEOUT_S = 60.0


class Refused(Exception):
    """The server said no; the text holds the status and what it answered."""


class Session:
    """One person's browser or phone, as far as HTTP is concerned. Raises Refused when the log-in fails."""

    def __init__(self, url: str, login: str, password: str) -> None:
        self._client = httpx.Client(base_url=url, timeout=TIMEOUT_S, trust_env=False)
        try:
            answer = checked(self._client.post("/login", json={"login": login, "password": password}))
        except BaseException:
            self._client.close()
            raise
        self.person_id = str(answer.json()["person_id"])
        self._client.headers["X-CSRFToken"] = str(answer.json()["csrf_token"])
        self._client.headers["Referer"] = url

    def __enter__(self) -> Session:
        return self

    def __exit__(self, *_: type[BaseException] | BaseException | TracebackType | None) -> None:
        self._client.close()

    def page(self, path: str) -> httpx.Response:
        """GET a page."""
        return checked(self._client.get(path))

    def form(self, path: str, fields: Mapping[str, str]) -> httpx.Response:
        """POST a form as the page's script does, which asks for JSON back."""
        return checked(self._client.post(path, data=dict(fields), headers={"Accept": "application/json"}))

    def json(self, method: str, path: str, body: object = None) -> Any:
        """Call the JSON API; returns the decoded answer (None where there is no body)."""
        answer = checked(self._client.request(method, path, json=body))
        return answer.json() if answer.content else None


def checked(answer: httpx.Response) -> httpx.Response:
    """The answer, or Refused when it is not a success (a redirect is one)."""
    if answer.status_code >= 400:
        raise Refused(f"{answer.request.method} {answer.request.url.path}: {answer.status_code} {answer.text[:500]}")
    return answer
