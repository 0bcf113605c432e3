from __future__ import annotations

from syncapp.core.sides import Side
from syncapp.gateways.errors import GatewayError, NotFound, RateLimited, Rejected, Scope


def test_it_says_who_what_and_where() -> None:
    error = Rejected(Side.BILLCOM, "Refused", code="BDC_1143", detail="No country", element="address.country")
    assert str(error) == "BILL: Refused: No country (code BDC_1143, field address.country)"
    assert repr(error) == f"<Rejected {error}>"
    assert error.words == "No country"
    assert (error.status, error.retry_after, error.outcome_unknown, error.trace, error.raw) == (
        None,
        None,
        False,
        "",
        "",
    )


def test_it_says_nothing_twice() -> None:
    assert str(GatewayError(Side.QBO, "Refused", detail="Refused")) == "QuickBooks Online: Refused"
    assert GatewayError(Side.QBO, "Refused").words == "Refused"


def test_callers_may_catch_broadly() -> None:
    assert issubclass(NotFound, Rejected)
    limited = RateLimited(Side.QBO, "Slower", scope=Scope.MINUTE, retry_after=60.0)
    assert isinstance(limited, GatewayError) and limited.scope == "minute"
