"""Numbers of libcurl's that pycurl has no name for, or one of long ago.

libcurl never gives a number another meaning (its ABI). When a test fails because pycurl has a
name by now, use the name in the code and delete the number.
"""

from __future__ import annotations

import pycurl
import pytest

from app.delivery import errors_text, exchange


@pytest.mark.parametrize(
    ("names", "number"),
    [
        (("QUICK_EXIT",), exchange._QUICK_EXIT),  # CURLOPT_QUICK_EXIT, libcurl 7.87
        (("E_WEIRD_SERVER_REPLY",), errors_text._WEIRD_SERVER_REPLY),  # CURLE_… 7.51
        (("E_TOO_LARGE",), errors_text._TOO_LARGE),  # CURLE_TOO_LARGE, 8.6
    ],
)
def test_pycurl_has_no_name_for_it_yet(names: tuple[str, ...], number: int) -> None:
    assert not [name for name in names if hasattr(pycurl, name)], f"use it in place of {number}"


def test_the_numbers_are_libcurl_s() -> None:
    assert pycurl.E_FTP_WEIRD_SERVER_REPLY == errors_text._WEIRD_SERVER_REPLY
    handle = pycurl.Curl()
    handle.setopt(exchange._QUICK_EXIT, 1)
    with pytest.raises((pycurl.error, TypeError)):
        handle.setopt(9_999, 1)  # an option that there is not is told
    handle.close()


def test_every_option_is_one_that_this_libcurl_knows() -> None:
    for option, value in exchange._OPTIONS.items():
        handle = pycurl.Curl()
        handle.setopt(option, value)
        handle.close()
