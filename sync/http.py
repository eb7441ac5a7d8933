"""The hub over HTTP: the only importer of httpx. Foreign exceptions become ours here and nowhere else."""

from __future__ import annotations

import httpx

from sync import errors
from sync.errors import HubBusy, HubUnreachable, LineCut, SyncError

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
