"""``qhronos listen``: a receiver on this machine, to see deliveries arrive."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from qhronos.cli import output
from qhronos.cli.session import Session

if TYPE_CHECKING:
    from qhronos.cli.receiver import Arrival


@click.command()
@click.option("--port", type=click.IntRange(0, 65535), default=8081, show_default=True)
@click.option("--host", default="127.0.0.1", show_default=True)
@click.option(
    "--secret",
    envvar="WEBHOOK_SECRET",
    show_envvar=True,
    help="Check signatures; else the secret of the instance that runs in this directory.",
)
@click.option(
    "--answer", type=click.IntRange(200, 599), default=204, show_default=True, help="A status."
)
@click.option("--delay", type=click.FloatRange(0, 600), default=0.0, help="Seconds before it.")
@click.option("--client", "name", help="Receive over a websocket, as this client; see below.")
@click.option("--forward", help="With --client: hand each on to this address, and acknowledge it.")
@click.option("--count", type=click.IntRange(min=1), help="Stop after so many.")
@click.option("--json", "as_json", is_flag=True, help="Print each as a line of JSON.")
@click.pass_obj
def listen(
    session: Session,
    port: int,
    host: str,
    secret: str | None,
    answer: int,
    delay: float,
    name: str | None,
    forward: str | None,
    count: int | None,
    as_json: bool,
) -> None:
    """Receive deliveries here, and print them.

    It checks their signatures, and answers as it is told, until Ctrl-C.

    Give events a webhook with the address that is printed. Qhronos reaches 127.0.0.1 if it runs on
    this machine and QHRONOS_ALLOW_PRIVATE_TARGETS lets it, as "qhronos up" does.

    With --client NAME, this machine need not be reachable: deliveries of events whose webhook is
    q:NAME come over a connection that is made from here. They are signed with --secret again when
    they are handed on.
    """
    from qhronos.cli.forwarding import Forwarder
    from qhronos.cli.receiver import local_secret, receiver
    from qhronos.client.configuration import is_address

    show = _print_json if as_json else _print
    if name is not None:
        if forward is not None and not is_address(forward):
            raise click.UsageError("--forward has to be an address like http://127.0.0.1:3000/x.")
        key = secret or local_secret()
        click.echo(f"Listening as {name} of {session.login.url}", err=True)
        Forwarder(session.login, name, forward, key, show).run(count)
        return
    if forward is not None:
        raise click.UsageError("--forward goes with --client: say which client this is.")
    try:
        server = receiver(host, port, answer, delay, secret, show, count)
    except OSError as error:
        raise click.UsageError(
            f"Can't listen on {host}:{port} ({error.strerror}): choose another --port."
        ) from None
    with server:
        click.echo(f"Listening on http://{host}:{server.server_port}/", err=True)
        server.serve_forever(poll_interval=0.2)


def _print(arrival: Arrival) -> None:
    output.say(f"{output.plain(arrival.path)}: {output.plain(arrival.verdict)}")
    output.say(output.plain(arrival.text))


def _print_json(arrival: Arrival) -> None:
    output.as_json_line(arrival.as_dict())
