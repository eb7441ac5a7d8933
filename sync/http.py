"""The hub over HTTP, and a mailbox over WebDAV: the only importer of httpx. Foreign exceptions become ours here."""

from __future__ import annotations

from urllib.parse import quote, unquote, urlsplit
from xml.etree import ElementTree

import httpx

from sync import errors
from sync.errors import HubBusy, HubUnreachable, LineCut, MailboxRefused, MailboxUnreachable, SyncError
from sync.protocol import PART

EXCHANGE_PATH = "/sync/v1/exchange"
ENROL_PATH = "/sync/v1/enrol"
COMPARE_PATH = "/sync/v1/compare"

_BY_CODE: dict[str, type[SyncError]] = {
    cls.code: cls
    for cls in (
        errors.NotEnrolled, errors.Revoked, errors.UpgradeNeeded, errors.CodeRefused, errors.HubBusy,
        errors.HubMovedOn, errors.HubRestored, errors.BadMessage,
    )
}  # fmt: skip


class HttpHub:
    """A hub behind an address. `client` may be any httpx.Client, also one over a WSGI app."""

    def __init__(self, address: str, client: httpx.Client | None = None, *, timeout_s: float = 60.0) -> None:
        self._address = address.rstrip("/")
        # Reading the system's certificates takes longer than a round trip: only where they are asked for.
        verify = not self._address.lower().startswith("http://")
        self._client = client or httpx.Client(timeout=timeout_s, trust_env=False, verify=verify)

    def exchange(self, sealed: bytes) -> bytes:
        """See `HubPort.exchange`."""
        return self._post(EXCHANGE_PATH, sealed)

    def enrol(self, request: bytes) -> bytes:
        """See `HubPort.enrol`."""
        return self._post(ENROL_PATH, request)

    def compare(self, sealed: bytes) -> bytes:
        """See `ComparePort.compare`. Raises UpgradeNeeded where the hub has no such door yet."""
        return self._post(COMPARE_PATH, sealed)

    def close(self) -> None:
        """Close the connections."""
        self._client.close()

    def _post(self, path: str, body: bytes) -> bytes:
        try:
            headers = {"Accept-Encoding": "identity", "Content-Type": "application/octet-stream"}
            request = self._client.build_request("POST", self._address + path, content=body, headers=headers)
            # What httpx says by itself would cost 60 bytes more and tell the hub nothing (TRAPS 13).
            for name in ("Accept", "Connection", "User-Agent"):
                request.headers.pop(name, None)
            response = self._client.send(request)
        except (httpx.NetworkError, httpx.ProtocolError, httpx.ReadTimeout, httpx.WriteTimeout) as error:
            kind = HubUnreachable if isinstance(error, httpx.ConnectError) else LineCut
            raise kind(address=self._address, why=type(error).__name__) from error
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise HubUnreachable(address=self._address, why=type(error).__name__) from error
        if response.status_code == httpx.codes.OK:
            return response.content
        if response.status_code == httpx.codes.REQUEST_ENTITY_TOO_LARGE:
            # Trying again would never help: a person has to look.
            raise errors.BadMessage("too_large", bytes=len(body))
        if response.status_code == httpx.codes.NOT_FOUND and path == COMPARE_PATH:
            raise errors.UpgradeNeeded()
        raise _error_of(response)


def _error_of(response: httpx.Response) -> SyncError:
    """The hub's error shape as our error; anything unknown is a hub that cannot serve now."""
    try:
        told = response.json()["error"]
        code, kind = str(told["code"]), str(told.get("kind", told["code"]))
        data = {str(k): str(v) for k, v in dict(told.get("data", {})).items()}
    except (ValueError, KeyError, TypeError):
        return HubBusy(status=response.status_code)
    found = _BY_CODE.get(kind)
    return found(code, **data) if found else HubBusy(status=response.status_code, code_told=code)


# A listing of some thousands of names.
LISTING_BYTES_MAX = 5_000_000
# What a server may say beside its status before the connection is given up.
EXCUSE_BYTES_MAX = 100_000


class WebdavMailbox:
    """A mailbox in a WebDAV folder, made at the first visit. address: its URL, without user and password.

    A password goes out in clear only under TLS: to an http:// address it is proven by digest.
    """

    def __init__(
        self, address: str, *, user: str = "", password: str = "", client: httpx.Client | None = None,
        timeout_s: float = 60.0,
    ) -> None:  # fmt: skip
        self._address = address.rstrip("/") + "/"
        basic = urlsplit(address).scheme == "https"
        auth = (httpx.BasicAuth if basic else httpx.DigestAuth)(user, password) if user else None
        headers = {"Accept-Encoding": "identity", "User-Agent": "tongxin", "Accept": "*/*"}
        self._client = client or httpx.Client(timeout=timeout_s, headers=headers, trust_env=False, auth=auth)

    def names(self) -> list[str]:
        """See `Mailbox.names`."""
        response = self._ask("PROPFIND", "", headers={"Depth": "1"}, missing_is_fine=True)
        if response.status_code == httpx.codes.NOT_FOUND:
            self._ask("MKCOL", "")
            return []
        found = []
        for href in _hrefs(_content(response, LISTING_BYTES_MAX)):
            name = unquote(href.rstrip("/").rsplit("/", 1)[-1])
            if not href.endswith("/"):
                found.append(name)
        return sorted(found)

    def get(self, name: str, bytes_max: int) -> bytes:
        """See `Mailbox.get`."""
        response = self._ask("GET", name, missing_is_fine=True)
        return b"" if response.status_code == httpx.codes.NOT_FOUND else _content(response, bytes_max)

    def put(self, name: str, data: bytes) -> None:
        """See `Mailbox.put`."""
        self._ask("PUT", name + PART, content=data)
        self._ask("MOVE", name + PART, headers={"Destination": self._address + quote(name), "Overwrite": "T"})

    def delete(self, name: str) -> None:
        """See `Mailbox.delete`."""
        self._ask("DELETE", name, missing_is_fine=True)

    def close(self) -> None:
        """See `Mailbox.close`."""
        self._client.close()

    def _ask(
        self, verb: str, name: str, *, headers: dict[str, str] | None = None, content: bytes | None = None,
        missing_is_fine: bool = False,
    ) -> httpx.Response:  # fmt: skip
        try:
            request = self._client.build_request(verb, self._address + quote(name), headers=headers, content=content)
            response = self._client.send(request, stream=True)
        except (httpx.HTTPError, httpx.InvalidURL, OSError) as error:
            raise MailboxUnreachable(address=self._address, why=type(error).__name__) from error
        if verb not in ("GET", "PROPFIND") or not response.is_success:
            _content(response, EXCUSE_BYTES_MAX)  # read, so that the connection serves again; nobody looks at it
        if response.is_success or (missing_is_fine and response.status_code == httpx.codes.NOT_FOUND):
            return response
        if response.status_code in (httpx.codes.UNAUTHORIZED, httpx.codes.FORBIDDEN):
            raise MailboxRefused("mailbox_login", address=self._address)
        if response.status_code == httpx.codes.INSUFFICIENT_STORAGE:
            raise MailboxRefused("mailbox_full", address=self._address)
        if response.status_code < httpx.codes.INTERNAL_SERVER_ERROR and response.status_code not in _LATER:
            raise MailboxRefused(address=self._address, status=response.status_code)
        raise MailboxUnreachable(address=self._address, why=str(response.status_code))


_LATER = frozenset({httpx.codes.REQUEST_TIMEOUT, httpx.codes.LOCKED, httpx.codes.TOO_MANY_REQUESTS})


def _content(response: httpx.Response, bytes_max: int) -> bytes:
    """A body, and no more of it than the limit and one byte."""
    found = bytearray()
    try:
        for chunk in response.iter_raw():
            found += chunk
            if len(found) > bytes_max:
                break
    except (httpx.HTTPError, OSError) as error:
        raise MailboxUnreachable(why=type(error).__name__) from error
    finally:
        response.close()
    return bytes(found[: bytes_max + 1])


def _hrefs(listing: bytes) -> list[str]:
    try:
        tree = ElementTree.fromstring(listing)
    except ElementTree.ParseError as error:
        raise MailboxRefused("mailbox_no_webdav") from error
    return [href.text or "" for href in tree.iter("{DAV:}href")]
